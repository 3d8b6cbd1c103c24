"""Runs a program and records, when it ends, the modules it imported and the files it opened.

usage: recorder OUTPUT PROJECT ROOT[:ROOT...] PROGRAM [ARGUMENT...]
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from typing import Any

_CODE = (".py", ".pyc", ".so", ".pth")
_WRITING = os.O_WRONLY | os.O_RDWR


class Recorder:
    """`Recorder(project, roots)` is an audit hook (PEP 578) that remembers files opened to read."""

    def __init__(self, project: str, roots: list[str]) -> None:
        self.project, self.roots = project, roots
        self.files: set[str] = set()
        self.recording = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Remember the path of an `open` that is not for writing."""
        if event != "open" or not self.recording:
            return
        path, _, flags = arguments
        reading = isinstance(flags, int) and not flags & _WRITING
        if reading and isinstance(path, (str, bytes)):
            self.files.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - no imports here

    def trace(self) -> dict[str, list[str]]:
        """The trace, sorted: data files below the project are relative to it."""
        self.recording = False
        files = set()
        for path in self.files:
            if path.endswith(_CODE) or not os.path.isfile(path):  # noqa: PTH113 - as above
                continue
            below = [r for r in (self.project, *self.roots) if path.startswith(r + os.sep)]
            files.add(path[len(below[0]) + 1 :] if below else path)
        own = {"__main__", __name__, __package__}
        return {"modules": sorted(set(sys.modules) - own), "files": sorted(files)}


def main() -> None:
    """`main()` runs PROGRAM as `__main__`; SIGTERM ends it as an interrupt does."""
    output, project, roots, program, *arguments = sys.argv[1:]
    places = [place for place in roots.split(os.pathsep) if place]
    recorder = Recorder(project, places)
    sys.path[:0] = [project, *places]
    sys.argv = [program, *arguments]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    before = set(sys.modules)
    sys.addaudithook(recorder)
    try:
        runpy.run_path(program, run_name="__main__")
    except KeyboardInterrupt:
        pass
    finally:
        trace = recorder.trace()
        trace["modules"] = sorted(set(trace["modules"]) - before)
        with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
            json.dump(trace, file, indent=1)
            file.write("\n")

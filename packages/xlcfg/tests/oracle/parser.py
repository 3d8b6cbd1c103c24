"""xl's own parser as a function; see `worker.py`."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import packages


@dataclass(frozen=True, slots=True)
class Reading:
    """What the parser made of a text; `aborted` where its process died of it."""

    accepted: bool
    line: int | None
    values: dict[str, Any]
    aborted: bool = False


class Parser:
    """Reads texts in another process, a new one after each that it kills."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, text: bytes, names: list[str]) -> Reading:
        process = self._process or self._start()
        self._process = process
        request = json.dumps({"text": base64.b64encode(text).decode(), "names": names})
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{request}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self.close()
            return Reading(False, None, {}, aborted=True)
        reply = json.loads(line)
        return Reading(reply["code"] == 0, reply["line"], reply["values"])

    def close(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process.wait(10)
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        libraries = packages.libraries()
        (library,) = libraries.glob("libxlutil.so.*.0")
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), str(library)],
            env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


@contextmanager
def parser() -> Iterator[Parser]:
    """A parser that is closed in the end."""
    made = Parser()
    try:
        yield made
    finally:
        made.close()

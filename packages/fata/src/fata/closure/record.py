"""Recording a trace: a run of the program on this machine, watched by an audit hook."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fata.closure.interpreter import Interpreter
from fata.closure.reading import READER
from fata.closure.traced import Trace, read_trace
from functoria.action import write_file
from functoria.error import UserError
from functoria.position import from_here

START = "import sys; sys.path.append({path!r}); from reader.recorder import main; main()"


def record(
    program: Path,
    output: Path,
    *,
    interpreter: Interpreter,
    project: Path,
    places: Sequence[Path],
    arguments: Sequence[str] = (),
    until: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Trace:
    """`record(program, output, ...)` is the trace of one run of `program`, written to `output`.

    `places` are looked in for modules, after the project. A server does not end by itself: `until`
    is given the running process, exercises it and returns, and the process is then terminated.
    Raises `UserError` where the run ends with an error.
    """
    start = START.format(path=os.fspath(READER.parent))
    roots = os.pathsep.join(os.fspath(place.resolve()) for place in places)
    with tempfile.TemporaryDirectory(prefix="fata-trace-") as scratch:
        found = Path(scratch) / "trace.json"
        command = [os.fspath(interpreter.executable), "-I", "-S", "-B", "-X", "utf8", "-c", start]
        command += [str(found), str(project.resolve()), roots, str(program.resolve()), *arguments]
        with subprocess.Popen(command, cwd=project) as process:
            try:
                if until is not None:
                    until(process)
            finally:
                if until is not None:
                    process.terminate()
        if process.returncode or not found.is_file():
            raise UserError(
                f"the traced run ended with {process.returncode}",
                from_here(project),
                "make the program run to its end on this machine, then trace it again",
            )
        write_file(output, found.read_bytes())
    return read_trace(output)

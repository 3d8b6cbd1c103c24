"""A run of the program as a process of this machine, watched: what it imports by computed names."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fata.build.prepare import TRACE_FILE, Report, prepare
from fata.build.unix import check_directories, launcher
from fata.closure import Trace, record
from fata.configure import main_text
from fata.project import Project

# A server that was interrupted has done what a trace is for.
_END = "sys.exit(0 if code == 130 else code)\n"


def trace(project: Project, arguments: Sequence[str], report: Report) -> Trace:
    """`trace(project, arguments, report)` is what a run used, kept in `fata.trace.json`.

    `project` is configured for the target `unix`. The run lasts until the program ends, or until
    an interrupt, which ends it. Raises `UserError` if it fails.
    """
    check_directories(project)
    prepared = prepare(project, report, start=("libos.boot.unix",))
    with tempfile.TemporaryDirectory(prefix="fata-trace-") as scratch:
        program, main = Path(scratch) / "traced.py", Path(scratch) / "main.py"
        main.write_text(main_text(project))
        program.write_text(launcher(prepared, main) + _END)
        return record(
            program,
            project.directory / TRACE_FILE,
            interpreter=prepared.interpreter,
            project=project.directory,
            places=[] if prepared.environment is None else [prepared.environment],
            arguments=arguments,
            until=_wait,
        )


def _wait(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        process.wait()

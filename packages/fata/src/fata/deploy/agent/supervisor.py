"""Seeing to it that a supervisor is at work on a host."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from pathlib import Path

from fata.called import called
from fata.deploy.audit import Audit
from fata.deploy.host import Report
from fata.deploy.opening import open_host
from fata.deploy.supervise import running, supervise
from fata.host.kind import STATE
from fata.host.layout import AGENT

LOG = "supervisor.log"
_SYSTEMD = Path("/run/systemd/system")
_LOG_BYTES = 1 << 20


def ensure(root: Path) -> None:
    """Start a supervisor of `root` unless there is one: systemd's unit, or a detached process.

    Raises `UserError` where that does not come to an end.
    """
    if running(root):
        return
    by_systemd = root == Path(STATE) and _SYSTEMD.is_dir() and shutil.which("systemctl")
    if by_systemd and called(("systemctl", "start", "--no-block", AGENT)).code == 0:
        return
    log = root / LOG
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.previous"))
    with log.open("ab") as out:
        log.chmod(0o600)
        # A process in between ends at once: the supervisor is init's, and of no session of ours.
        called(("setsid", "--fork", *command(root)), cwd="/", log=out)


def command(root: Path) -> tuple[str, ...]:
    """`command(root)` runs the supervisor: the host's own fata, or else the one that runs now."""
    launcher = root / "bin" / "fata"
    words = ("agent", "--root", os.fspath(root), "supervise")
    if launcher.exists():
        return (os.fspath(launcher), *words)
    return (sys.executable, "-P", "-c", "from fata.cli import main; main()", *words)


def supervise_here(root: Path, report: Report) -> int:
    """`supervise_here(root, report)` is the exit code of the supervisor, which this process is.

    When the host is given another fata, it goes on as that one.
    """
    if root == Path(STATE):
        seal(root)
    tool = root / "tool" / "current"
    began = _target(tool)
    again = threading.Event()

    def replaced() -> bool:
        if _target(tool) != began:
            again.set()
        return again.is_set()

    code = supervise(root, open_host, report, replaced)
    if again.is_set():
        words = command(root)
        os.execv(words[0], words)  # noqa: S606 - the same process goes on
    return code


def seal(root: Path) -> None:
    """Let nobody but append to the audit log, as far as the host can do that.

    Files that the log goes on in are sealed as the one before was.
    """
    with contextlib.suppress(OSError):
        Audit(root).seal()


def _target(link: Path) -> str:
    try:
        return os.fspath(link.readlink())
    except OSError:
        return ""

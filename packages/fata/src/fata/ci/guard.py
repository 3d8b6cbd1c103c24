"""What a run leaves behind is removed by a process of its own, however the run ends.

The guard waits for the end of its standard input, which comes with the end of the run, be it by
SIGKILL. Then it ends the processes that bear the run's mark in their environment, which their
children inherit, and removes the run's directory.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "FATA_CI_RUN"
"""The variable by which processes of a run are known."""

_KEEP = b"keep"
_SECONDS = 20
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Guarded:
    """`Guarded(directory, mark)` is a run: its directory, and the value of `MARK`."""

    directory: Path
    mark: str


@contextlib.contextmanager
def guarded(*, keep: bool = False) -> Iterator[Guarded]:
    """The directory of a run, for a `with` block, after which it is gone unless `keep`.

    So are all the processes that were started with `run.mark`.
    """
    directory = Path(tempfile.mkdtemp(prefix="fata-ci-")).resolve()
    mark = secrets.token_hex(16)
    words = (sys.executable, "-I", __file__, str(directory), mark)
    guard = subprocess.Popen(
        words, stdin=subprocess.PIPE, start_new_session=True, cwd="/", env={"PATH": os.defpath}
    )
    try:
        yield Guarded(directory, mark)
    finally:
        _dismiss(guard, keep=keep)


def _dismiss(guard: subprocess.Popen[bytes], *, keep: bool) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        guard.communicate(_KEEP if keep else b"", timeout=_SECONDS)


def main(directory: str, mark: str) -> None:
    """Wait for the end of the run, and clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep = sys.stdin.buffer.read() == _KEEP
    end_all(mark)
    if not keep:
        shutil.rmtree(directory, onerror=_allow)


def end_all(mark: str) -> None:
    """Kill the processes with the mark, and those that they start meanwhile; the last one, too."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        found = list(_marked(f"{MARK}={mark}".encode()))
        if not found:
            return
        for number in found:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGKILL)
        time.sleep(_PAUSE)


def _marked(words: bytes) -> Iterator[int]:
    """Processes of ours with that variable (proc(5), environ); a zombie has none any more."""
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would be all that it imports
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - see above
                if words in file.read().split(b"\0"):
                    yield int(name)
        except OSError:
            continue


def _allow(function: object, path: str, _error: object) -> None:
    """Remove what a directory without the right to write held on to."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)  # noqa: PTH101, PTH120 - see above
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
            os.chmod(path, 0o700)  # noqa: PTH101
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    main(*sys.argv[1:])

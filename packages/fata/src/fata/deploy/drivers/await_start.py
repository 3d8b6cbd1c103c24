"""Waiting for a keeper to say that its guest runs, or why it does not."""

from __future__ import annotations

import time
from pathlib import Path

from fata.deploy.drivers.directory import FAILURE, STATE, Failure, Started, read_value
from fata.deploy.drivers.launch import LOG
from fata.deploy.drivers.processes import find
from functoria.error import UserError

START_LIMIT = 240.0
"""Seconds in which a guest must be running; it needs less than one, but Xen's toolstack takes
minutes where a busy machine emulates it. A keeper that ends without a guest is noticed at once.
"""


def await_start(directory: Path, keeper: str, before: Started | None = None) -> None:
    """`await_start(directory, keeper)` returns when the guest there runs, and raises `UserError` if
    it does not; `keeper` is the label of its keeper, and `before` what one before it wrote down.
    """
    deadline = time.monotonic() + START_LIMIT
    seen = False
    while True:
        failure = read_value(directory / FAILURE, Failure)
        if failure is not None:
            raise failure.error
        if _says_so(directory, before):
            return
        now = find(directory, keeper).keeper is not None
        gone, seen = seen and not now, seen or now
        late = time.monotonic() > deadline
        if late or (gone and not _says_so(directory, before)):
            failure = read_value(directory / FAILURE, Failure)
            raise failure.error if failure else _silent(directory)
        time.sleep(0.02)


def _says_so(directory: Path, before: Started | None) -> bool:
    return read_value(directory / STATE, Started) not in (None, before)


def _silent(directory: Path) -> UserError:
    try:
        said = (directory / LOG).read_text(errors="replace").strip().splitlines()
    except OSError:
        said = []
    words = f"; it said `{said[-1][:200]}`" if said else ""
    return UserError(
        f"the keeper of the guest did not start it{words}",
        str(directory / LOG),
        "see that file, and `journalctl` where there is systemd",
    )

"""The one process of fata's that stays on a host: what should run, runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from fata.deploy.host import Host, Report
from fata.deploy.records.restore import are_damaged, restore
from fata.deploy.repair import Repairer
from fata.deploy.store.durable import reported
from fata.deploy.waiting import Deadline
from fata.deploy.watch import Watch
from functoria.error import UserError

PAUSE = 1.0
"""Seconds between two looks at the host."""

_LONGEST_PAUSE = 5.0
_REST = 4.0  # times that a look has taken, so that a slow host has its processor for its guests
_LOCK = "supervisor.lock"
_BACK_UP_TURNS = 3600
_LOOK_TURNS = 60
"""Turns after which it looks whether the records are damaged."""
_PATIENCE = 2.0


def supervise(
    root: Path,
    opened: Callable[[Path], Host],
    report: Report,
    over: Callable[[], bool] = lambda: False,
) -> int:
    """`supervise(root, opened, report)` runs until it is asked to end by a signal.

    `opened(root)` is the host; the supervisor ends, too, when it is `over`. There is one of a root
    at a time: a second one ends at once with 0. What fails is tried again, and said once. Raises
    `UserError` where it cannot even begin, as on a disk that is full.
    """
    end = threading.Event()
    with _alone(root) as alone:
        if not alone:
            report("another supervisor is at work here")
            return 0
        _end_by_signals(end)

        def done() -> bool:
            # Where its directory is removed, there is nothing left to see to.
            return end.is_set() or over() or not (root / _LOCK).exists()

        while not done():
            host = _opened(root, opened, report, done)
            if host is None:
                break
            try:
                with contextlib.suppress(UserError):
                    host.records.database.back_up()
                _turns(host, report, end, done)
            finally:
                host.records.close()
    return 0


def _opened(
    root: Path, opened: Callable[[Path], Host], report: Report, over: Callable[[], bool]
) -> Host | None:
    """The host, as soon as it can be had: a bridge may come up later. `None` when it is over.

    Records that are damaged are replaced first.
    """
    said = ""
    while not over():
        try:
            restored = restore(root)
            if restored is not None:
                report(restored)
            return opened(root)
        except UserError as error:
            if str(error) != said:
                report(str(error))
            said = str(error)
        time.sleep(PAUSE)
    return None


def _turns(host: Host, report: Report, end: threading.Event, over: Callable[[], bool]) -> None:
    """Repair and watch until the end, or until the records turn out to be damaged."""
    repairer, watch = Repairer(host, report), Watch(host, report)
    said, turn = "", 0
    while not over():
        began = time.monotonic()
        try:
            repairer.run()
            watch.run()
            turn += 1
            if turn % _BACK_UP_TURNS == 0:
                host.records.trim()
                host.records.database.back_up()
            said = ""
        except UserError as error:
            if str(error) != said:
                report(str(error))
            said = str(error)
        except Exception:
            found = traceback.format_exc()
            if found != said:
                report(found)
            said = found
        # Its own connection does not read again what it has read once.
        if (said or turn % _LOOK_TURNS == 0) and are_damaged(host.root):
            return
        end.wait(min(max(PAUSE, _REST * (time.monotonic() - began)), _LONGEST_PAUSE))


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[bool]:
    with reported("the supervisor cannot begin", root / _LOCK):
        lock = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Who only asks whether there is one has the lock for a moment, too.
        deadline = Deadline(_PATIENCE)
        while not (taken := _taken(lock)) and not deadline.over:
            time.sleep(_PATIENCE / 20)
        yield taken
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def running(root: Path) -> bool:
    """`running(root)` is whether a supervisor is at work there."""
    try:
        lock = os.open(root / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _taken(lock)
    finally:
        os.close(lock)


def _end_by_signals(end: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())

"""The host's own apt, run so that it asks nothing and waits for others with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

from fata.host.connection import Connection, Result
from fata.host.failure import last_line, readable
from functoria.error import UserError

LOCK_SECONDS = 180.0
"""How long another run of apt may take: a new machine often updates itself first."""
_INSTALL_SECONDS = 3600.0
_PAUSE = 3.0
_ENVIRONMENT = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "LC_ALL=C.UTF-8")
_LOCKED = ("Could not get lock", "Unable to acquire the dpkg frontend lock", "is another process")
_OPTIONS = (
    *("-q", "-y"),
    # Files of the host's own that its administrator has changed stay as they are.
    *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
)

Sleep = Callable[[float], None]


def install(
    connection: Connection,
    names: tuple[str, ...],
    report: Callable[[str], None],
    sleep: Sleep = time.sleep,
) -> None:
    """`install(connection, names, report)` has apt install packages.

    Raises `UserError` where apt fails, or is in use for longer than `LOCK_SECONDS`.
    """
    _apt(connection, ("update",), report, sleep)
    _apt(connection, ("install", "--no-install-recommends", *names), report, sleep)


def _apt(
    connection: Connection, words: tuple[str, ...], report: Callable[[str], None], sleep: Sleep
) -> None:
    command = (*_ENVIRONMENT, "apt-get", *_OPTIONS, *words)
    for attempt in range(round(LOCK_SECONDS / _PAUSE)):
        done = connection.run(command, seconds=_INSTALL_SECONDS)
        if done.code == 0:
            return
        if not any(mark in done.err for mark in _LOCKED):
            break
        if attempt == 0:
            report("another apt is at work there; waiting for it")
        sleep(_PAUSE)
    raise _failed(connection, words, done)


def _failed(connection: Connection, words: tuple[str, ...], done: Result) -> UserError:
    name = connection.destination.name
    if any(mark in done.err for mark in _LOCKED):
        return UserError(
            f"apt on {name} is in use by another program, for more than {LOCK_SECONDS:.0f} s now",
            name,
            "wait until its update has ended, then run the command again",
        )
    errors = [line for line in readable(done.err).splitlines() if line.startswith("E: ")]
    said = errors[0][3:][:300] if errors else last_line(done.err or done.out)
    return UserError(
        f"`apt-get {words[0]}` failed on {name}: {said}",
        name,
        f"make `apt-get {' '.join(words)}` work there, then run the command again",
    )

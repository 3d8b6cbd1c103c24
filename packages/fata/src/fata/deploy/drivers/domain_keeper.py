"""What the keepers of guests have in common that are a hypervisor's, and not processes of ours.

Such a guest runs on when its keeper is killed. Another keeper then attaches to it, which is told
from the first one by `state.json` being there.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fata.deploy.drivers.directory import STATE, Started, fail, read_spec, read_value, write_value
from fata.deploy.drivers.keeper import ASK, DESTROY, signals_to_socket
from fata.deploy.drivers.spec import GuestSpec
from fata.identity import identify
from functoria.error import UserError


class DomainKeeper(Protocol):
    """The keeper of one guest; both return when that has ended.

    They raise `UserError` and `OSError`.
    """

    def run(self) -> None:
        """Create the domain. One that does not start is destroyed."""
        ...

    def attach(self) -> None:
        """Go on with a domain that runs, to which nothing is done where that fails."""
        ...


def keep(directory: Path, made: Callable[[GuestSpec, socket.socket], DomainKeeper]) -> int:
    """`keep(directory, made)` keeps the guest of that directory to its end; the exit code is 0.

    It is 1 if the guest could not be started, or attached to: `failure.json` says why. What goes
    wrong later is raised: the guest runs on, and another keeper attaches to it.
    """
    with signals_to_socket((ASK, DESTROY)) as signals:
        attaching = (directory / STATE).exists()
        try:
            keeper = made(read_spec(directory), signals)
            if attaching:
                keeper.attach()
            else:
                keeper.run()
        except (UserError, OSError) as error:
            if _is_ours(directory):
                raise
            fail(directory, _as_told(error, directory, "attached to" if attaching else "started"))
            return 1
    return 0


def say_started(directory: Path) -> None:
    """`say_started(directory)` writes down that we keep the guest, and when it was started."""
    keeper = identify(os.getpid())
    if keeper is None:
        raise UserError("this process is not in /proc", "/proc", "mount /proc where the agent runs")
    before = read_value(directory / STATE, Started)
    at = time.time() if before is None else before.at
    write_value(directory / STATE, Started(keeper, None, at))


def _is_ours(directory: Path) -> bool:
    state = read_value(directory / STATE, Started)
    return state is not None and state.keeper == identify(os.getpid())


def _as_told(error: UserError | OSError, directory: Path, done: str) -> UserError:
    if isinstance(error, UserError):
        return error
    why = (error.strerror or str(error)).lower()
    return UserError(
        f"the guest could not be {done}: {why}",
        str(error.filename or directory),
        "make room on that disk, and give this user the right to write there",
    )

"""What a guest has written on its console, and goes on to write."""

from __future__ import annotations

import time
from collections.abc import Callable

from fata.deploy.agent.requests import Reading
from fata.deploy.drivers.console import PREVIOUS, display, last_lines, read_since
from fata.deploy.host import Host, Report
from fata.deploy.records.records import Generation
from fata.deploy.service import service_of
from fata.deploy.stages import OVER
from functoria.error import UserError

_POLL = 0.25
_MOST = 100_000


def read(host: Host, asked: Reading, say: Report, heard: Callable[[], bool]) -> Generation:
    """`read(host, asked, say, heard)` is the generation whose console was told, line by line.

    It is followed until nobody hears it any more, or the guest has ended. Raises `UserError`.
    """
    chosen = _chosen(host, asked)
    path = host.guests / chosen.guest / "console"
    if asked.previous:
        path = path.with_name(PREVIOUS)
    if not path.exists():
        raise UserError(
            f"the console of {chosen.guest} is not kept any more"
            if not asked.previous
            else f"{chosen.guest} was not started a second time",
            str(path),
            "see with `fata history` which generations there are",
        )
    position = 0
    if asked.follow:
        _, position = read_since(path, 0)
    for line in last_lines(path, max(0, min(asked.lines, _MOST))):
        say(line)
    rest = b""
    while asked.follow and heard():
        ended = host.driver.outcome(chosen.guest) is not None
        data, position = read_since(path, position)
        *whole, rest = (rest + data).split(b"\n")
        for part in whole:
            say(display(part))
        if ended and not data:
            break
        time.sleep(_POLL)
    return chosen


def _chosen(host: Host, asked: Reading) -> Generation:
    """The generation that is asked for, or the live one, or the last."""
    service = service_of(asked.app, asked.environment)
    mine = host.records.generations(service)
    if asked.generation is not None:
        found = [one for one in mine if one.number == asked.generation]
    else:
        found = [one for one in mine if one.stage not in OVER] or list(mine)
    if not found:
        raise UserError(
            f"{service} has no generation" + (f" {asked.generation}" if asked.generation else ""),
            "--generation",
            "see with `fata history` which there are",
        )
    return found[-1]

"""What is not as the records want it, and what to do about it. Nothing here has effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fata.deploy.drivers.driver import Found, State
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.service import Service, parse_guest
from fata.deploy.stages import OVER, RISING, Stage


class Cure(StrEnum):
    """What is to be done about one guest.

    `UNDO`: it was interrupted on its way up; destroy it, and it has failed. `FINISH`: another is
    live; stop it, and it is retired. `START`: it is live and does not run. `STOP`: it runs and its
    service is not wanted. `ATTEND`: it is live, and its keeper was killed. `DESTROY`: it must not
    run, or nobody knows it.
    """

    UNDO = "undo"
    FINISH = "finish"
    START = "start"
    STOP = "stop"
    ATTEND = "attend"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Repair:
    """`Repair(cure, guest, service, generation)` is one thing to do.

    `generation` is `None` where the records know none of that name, and then so may be `service`.
    """

    cure: Cure
    guest: str
    service: Service | None
    generation: Generation | None = None


def repairs(
    generations: Sequence[Generation],
    wanted: Mapping[Service, Wanted],
    found: Sequence[Found],
    *,
    strangers: bool = True,
) -> tuple[Repair, ...]:
    """`repairs(generations, wanted, found)` is what to do, in the order in which to do it.

    `found` are the driver's guests, which are ours alone: one that the records do not know is
    destroyed, unless `strangers` may not be, for the records are not whole.
    """
    running = {one.name for one in found if one.state is State.RUNNING}
    unkept = {one.name for one in found if not one.kept}
    todo: list[Repair] = []
    for service in sorted({one.service for one in generations}):
        mine = sorted(
            (one for one in generations if one.service == service), key=lambda one: one.number
        )
        todo += _of_service(mine, wanted.get(service, Wanted.RUNNING), running, unkept)
    known = {one.guest for one in generations}
    for name in sorted(running - known) if strangers else ():
        parsed = parse_guest(name)
        todo.append(Repair(Cure.DESTROY, name, None if parsed is None else parsed[0]))
    return tuple(todo)


def _of_service(
    generations: Sequence[Generation], wanted: Wanted, running: set[str], unkept: set[str]
) -> list[Repair]:
    todo = []
    live = [one for one in generations if one.stage is Stage.LIVE]
    for one in generations:
        cure = None
        if one.stage in RISING:
            cure = Cure.UNDO
        elif one.stage is Stage.DRAINING or (one.stage is Stage.LIVE and one is not live[-1]):
            cure = Cure.FINISH
        elif one.stage in OVER and one.guest in running:
            cure = Cure.DESTROY
        elif one.stage is Stage.LIVE and wanted is Wanted.STOPPED and one.guest in running:
            cure = Cure.STOP
        elif one.stage is Stage.LIVE and one.guest in running & unkept:
            cure = Cure.ATTEND
        if cure is not None:
            todo.append(Repair(cure, one.guest, one.service, one))
    # What is in the way of a volume or an address goes first.
    if live and wanted is Wanted.RUNNING and live[-1].guest not in running:
        todo.append(Repair(Cure.START, live[-1].guest, live[-1].service, live[-1]))
    return todo

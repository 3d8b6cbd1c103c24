"""Making a host be as its records want it: what was interrupted is undone or finished."""

from __future__ import annotations

import contextlib
import time

from fata.deploy import boot, routes, strangers
from fata.deploy.drivers.driver import State
from fata.deploy.failure import meaning
from fata.deploy.host import Host, Report
from fata.deploy.reconcile import Cure, Repair, repairs
from fata.deploy.records.leases import Holder, Lease
from fata.deploy.records.records import Generation
from fata.deploy.records.restore import are_whole
from fata.deploy.restart import Attempts, is_final
from fata.deploy.rollout import STOP_SECONDS, retire
from fata.deploy.service import Service
from fata.deploy.stages import Stage
from functoria.error import UserError

OWNER = "the supervisor"
_ANEW = frozenset({Cure.START, Cure.ATTEND})
"""What fails may be because of the host, and is tried again after a while."""


def settle(host: Host, lease: Lease, report: Report) -> None:
    """`settle(host, lease, report)` undoes and finishes what was left of the service.

    After it at most one generation is live, and nothing else of the service runs. What should run
    and does not, or has no keeper, is left alone: whoever has the lease is about to change it.
    """
    for repair in _todo(host, lease.service):
        if repair.cure not in _ANEW:
            carry_out(host, lease, repair, report)
    host.traffic.apply(routes.routes(host))


def carry_out(host: Host, lease: Lease, repair: Repair, report: Report) -> None:
    """`carry_out(host, lease, repair, report)` does one repair. Raises `UserError`."""
    one = repair.generation
    report(f"{repair.cure} {repair.guest}")
    if repair.cure is Cure.UNDO and one is not None:
        _destroy(host, repair.guest)
        host.records.advance(lease, [(one, Stage.FAILED)], "interrupted")
    elif repair.cure is Cure.FINISH and one is not None:
        host.traffic.apply(routes.routes(host))
        if one.stage is Stage.LIVE:
            host.records.advance(lease, [(one, Stage.DRAINING)])
        retire(host, lease, one)
    elif repair.cure is Cure.STOP:
        with contextlib.suppress(UserError):
            host.driver.stop(repair.guest, STOP_SECONDS)
        _destroy(host, repair.guest)
    elif repair.cure is Cure.START and one is not None:
        _start(host, lease, one, report)
    elif repair.cure is Cure.ATTEND and one is not None:
        host.driver.attend(repair.guest)
        host.records.event(one.service, one.number, "its keeper was killed, and it has another")
    else:
        _destroy(host, repair.guest)


class Repairer:
    """`Repairer(host, report)` repairs again and again, and remembers what it has tried when."""

    def __init__(self, host: Host, report: Report) -> None:
        self._host = host
        self._report = report
        self._attempts: dict[tuple[Cure, str], Attempts] = {}
        self._given_up: dict[str, str] = {}

    def run(self) -> None:
        """Look once at everything, and repair what nobody else is changing.

        What goes wrong with one guest is in the way of no other; a mistake of ours is raised when
        all were looked at.
        """
        host = self._host
        mistakes = []
        for repair in _todo(host, None):
            try:
                self._one(repair)
            except UserError:
                continue
            except Exception as error:
                mistakes.append(error)
        with contextlib.suppress(UserError):
            host.traffic.apply(routes.routes(host))
        self._forget_secrets()
        if mistakes:
            raise mistakes[0]

    def _forget_secrets(self) -> None:
        """Remove the disks of secrets of guests that neither run nor are about to."""
        host = self._host
        # In this order: one whose rollout ends meanwhile has either the lease, or runs.
        there = host.secrets.guests()
        held = {
            one.guest
            for one in host.records.generations()
            if host.records.leases.holder(one.service) is not None
        }
        running = {one.name for one in host.driver.list() if one.state is State.RUNNING}
        for guest in there:
            if guest not in held and guest not in running:
                host.secrets.remove(guest)

    def _one(self, repair: Repair) -> None:
        host, service = self._host, repair.service
        if service is None:  # a guest of ours whose name no service can have
            _destroy(host, repair.guest)
            return
        if repair.cure in _ANEW and not self._is_due(repair):
            return
        lease = host.records.leases.take(service, OWNER, f"{repair.cure} {repair.guest}")
        if isinstance(lease, Holder):
            return
        try:
            # Something may have changed before the lease was ours.
            if repair in _todo(host, service):
                self._carry_out(lease, repair)
        finally:
            host.records.leases.give_back(lease)

    def _carry_out(self, lease: Lease, repair: Repair) -> None:
        try:
            carry_out(self._host, lease, repair, self._report)
        except UserError as error:
            self._report(f"{repair.cure} {repair.guest}: {error}")
            one = repair.generation
            if one is not None and self._given_up.get(repair.guest) != error.what:
                self._given_up[repair.guest] = error.what
                self._host.records.event(one.service, one.number, f"{repair.cure}: {error.what}")
                if repair.cure is Cure.START:
                    self._host.records.probed(one, False, f"cannot be started: {error.what}")
            raise
        self._given_up.pop(repair.guest, None)

    def _is_due(self, repair: Repair) -> bool:
        now = time.monotonic()
        one = repair.generation
        if one is not None and strangers.is_superseded(self._host, one):
            return False
        outcome = self._host.driver.outcome(repair.guest)
        which = (repair.cure, repair.guest)
        tried = self._attempts.get(which, Attempts())
        if is_final(outcome) or now < tried.due:
            return False
        self._attempts[which] = tried.again(now)
        return True


def _todo(host: Host, service: Service | None) -> tuple[Repair, ...]:
    found = repairs(
        host.records.generations(),
        host.records.services(),
        host.driver.list(),
        strangers=are_whole(host.root),
    )
    return tuple(one for one in found if service is None or one.service == service)


def _start(host: Host, lease: Lease, one: Generation, report: Report) -> None:
    outcome = host.driver.outcome(one.guest)
    why = "it did not run" if outcome is None else meaning(outcome)
    host.driver.destroy(one.guest)
    spec = boot.prepare(host, lease, one, report)
    host.records.restarted(lease, one, why)
    host.driver.start(spec)
    host.traffic.apply(routes.routes(host))


def _destroy(host: Host, guest: str) -> None:
    host.driver.destroy(guest)
    host.secrets.remove(guest)

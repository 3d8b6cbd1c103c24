"""A rollout: a new generation beside the one that serves, and traffic to it once it answers.

Each step is written down before it is taken. Whoever is killed half-way leaves records from which
`fata.deploy.repair` finds what to undo or to finish.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace

from fata.deploy import boot, routes, strangers
from fata.deploy.failure import UnhealthyError, explain
from fata.deploy.health import Probe, probe
from fata.deploy.host import Host, Report
from fata.deploy.records.leases import SECONDS, Lease
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.release import Release
from fata.deploy.stages import RISING, Stage
from fata.deploy.waiting import Deadline
from fata.settings import Kind
from functoria.error import UserError
from libos.boot.outcome import SUCCESS

STOP_SECONDS = 10.0
"""That a guest has to end when it is asked to."""
_LOOK_SECONDS = 0.5
_SIGN_SECONDS = SECONDS / 3
"""A lease is over without a sign of life: no sleep is longer, and no answer awaited longer."""
_FIGURES = re.compile(r" in [0-9.]+ m?s$")
_LOST = 3  # answers in a row that a guest may not give while the one before drains


class Rollout:
    """`Rollout(host, lease, release, author, report)` makes a release live, or leaves all as it is.

    `release` was admitted, and its service has no other change under way. `reserve` raises
    `UserError` where what others have begun since leaves no room for it.
    """

    def __init__(
        self,
        host: Host,
        lease: Lease,
        release: Release,
        author: str,
        report: Report,
        reserve: Callable[[], None] = lambda: None,
    ) -> None:
        self._host = host
        self._lease = lease
        self._release = release
        self._author = author
        self._report = report
        self._reserve = reserve
        self._probe: Probe | None = None
        self._was_wanted = host.records.services().get(lease.service, Wanted.RUNNING)

    def run(self) -> Generation:
        """Roll out; the generation that is live now. Raises `UserError` where the old one stays."""
        host, records = self._host, self._host.records
        old = records.live(self._lease.service)
        host.passing("stage")
        service = self._lease.service
        last, used = strangers.last_number(host, service), strangers.slots(host, service)
        new = records.stage(
            *(self._lease, self._release, host.driver.name, self._author, last, used),
            allow=self._reserve,
        )
        exclusive = self._release.exclusive and old is not None
        try:
            if exclusive and old is not None:
                self._pause(old)
            if self._release.exclusive:
                self._stop_strangers()
            self._boot(new)
            self._await_healthy(new)
            self._switch(new, old)
        except BaseException as error:
            self._give_up(new, old if exclusive else None, error)
            raise
        if old is not None:
            self._replace(new, old)
        self._stop_strangers()
        with contextlib.suppress(UserError):
            records.database.back_up()
        return replace(new, stage=Stage.LIVE)

    def _boot(self, new: Generation) -> None:
        host = self._host
        routes.check(host, new)
        spec = boot.prepare(host, self._lease, new, self._report)
        host.passing("start")
        self._report(f"starting {new.guest}")
        host.driver.start(spec)
        host.passing("booted")
        host.records.advance(self._lease, [(new, Stage.BOOTED)])

    def _await_healthy(self, new: Generation) -> None:
        host, health = self._host, self._release.health
        deadline, good, told = Deadline(health.deadline), 0, ""
        while good < health.successes:
            self._probe = answer = ask(host, new)
            good = good + 1 if answer.ok else 0
            # How long it took differs each time, and is no news.
            if (said := _FIGURES.sub("", answer.said)) != told:
                self._report(f"{new.guest} {answer.said}")
                told = said
            host.records.leases.renew(self._lease)
            outcome = host.driver.outcome(new.guest)
            if outcome is not None and outcome.code == SUCCESS and health.kind is Kind.CONSOLE:
                break  # a program that has something to do, and has done it
            if outcome is not None:
                raise self._unhealthy(new, "ended before it was healthy")
            if good >= health.successes:
                break
            if deadline.over:
                raise self._unhealthy(new, f"was not healthy within {health.deadline:g} s")
            self._sleep(min(health.interval, deadline.left) if not answer.ok else health.interval)
        host.passing("healthy")
        host.records.advance(self._lease, [(new, Stage.HEALTHY)])
        host.records.probed(new, True, self._probe.said if self._probe else "")

    def _switch(self, new: Generation, old: Generation | None) -> None:
        host, records = self._host, self._host.records
        steps = [(new, Stage.LIVE)]
        if old is not None:
            steps.append((old, Stage.DRAINING))
        host.passing("live")
        records.advance(self._lease, steps, wanted=Wanted.RUNNING)
        try:
            host.passing("switch")
            host.traffic.apply(routes.routes(host))
        except BaseException as error:
            self._return(new, old, f"traffic could not be led to it: {error}")
            raise
        self._report(f"{new.guest} is live")

    def _replace(self, new: Generation, old: Generation) -> None:
        """End the old one. That it cannot be ended takes nothing from the new one, which serves."""
        try:
            self._drain(new, old)
        except UnhealthyError:
            raise
        except UserError as error:
            self._report(f"{old.guest} is left to the supervisor: {error.what}")

    def _drain(self, new: Generation, old: Generation) -> None:
        """Let connections to the old one end, while the new one is watched.

        It has drained when two looks in a row find none: one that is being opened while traffic is
        switched is led to the old one, and can be seen only a moment later.
        """
        host, health = self._host, old.release.health
        deadline, lost = Deadline(health.drain), 0
        ends = [route.to for route in routes.routes_of(host, old)]
        open_connections = host.traffic.connections(ends)
        if open_connections:
            self._report(
                f"{old.guest} has {open_connections} open, and {health.drain:g} s for them"
            )
        quiet = not ends
        while (open_connections or not quiet) and not deadline.over:
            quiet = not open_connections
            host.sleep(min(_LOOK_SECONDS, deadline.left))
            host.records.leases.renew(self._lease)
            self._probe = answer = ask(host, new)
            lost = 0 if answer.ok else lost + 1
            if host.driver.outcome(new.guest) is not None or lost >= _LOST:
                failure = self._unhealthy(new, "did not stay healthy")
                with contextlib.suppress(UserError):
                    self._return(new, old, failure.what)
                raise failure
            open_connections = host.traffic.connections(ends)
        host.passing("stop")
        retire(host, self._lease, old)
        host.traffic.forget(ends)
        self._report(f"{old.guest} is stopped, and kept to return to")

    def _sleep(self, seconds: float) -> None:
        """Sleep, however long that is, without being taken for dead."""
        deadline = Deadline(seconds)
        while not deadline.over:
            self._host.sleep(min(_SIGN_SECONDS, deadline.left))
            self._host.records.leases.renew(self._lease)

    def _pause(self, old: Generation) -> None:
        """Stop the old guest, whose volume the new one needs; in the records it stays live."""
        self._report(f"stopping {old.guest}: two cannot own its volume")
        self._host.passing("pause")
        with contextlib.suppress(UserError):
            self._host.driver.stop(old.guest, STOP_SECONDS)
        self._host.driver.destroy(old.guest)

    def _stop_strangers(self) -> None:
        """Stop what runs of the service and is not known, for the records were damaged."""
        for name in strangers.strangers(self._host, self._lease.service):
            self._report(f"stopping {name}, which the records do not know")
            with contextlib.suppress(UserError):
                self._host.driver.stop(name, STOP_SECONDS)

    def _return(self, new: Generation, old: Generation | None, why: str) -> None:
        """Lead traffic back to the old one, which runs as before."""
        steps = [(new, Stage.FAILED)]
        if old is not None:
            steps.append((old, Stage.LIVE))
        self._host.records.advance(self._lease, steps, why[:500], self._was_wanted)
        self._host.traffic.apply(routes.routes(self._host))
        self._end(new)
        if old is not None:
            self._report(f"{old.guest} serves again")

    def _give_up(self, new: Generation, paused: Generation | None, error: BaseException) -> None:
        """End the new guest, whose directory stays; start the old one where it was stopped."""
        host, records = self._host, self._host.records
        host.passing("give-up")
        # What cannot be undone here, the supervisor undoes.
        with contextlib.suppress(UserError):
            self._end(new)
        with contextlib.suppress(UserError):
            current = {one.number: one.stage for one in records.generations(new.service)}
            if current.get(new.number) in RISING:
                what = error.what if isinstance(error, UserError) else "interrupted"
                records.advance(self._lease, [(new, Stage.FAILED)], what[:500])
        with contextlib.suppress(UserError):
            if paused is not None and self._was_wanted is Wanted.RUNNING:
                self._resume(paused)

    def _resume(self, paused: Generation) -> None:
        host = self._host
        self._report(f"starting {paused.guest} again")
        host.driver.start(boot.prepare(host, self._lease, paused, self._report))
        host.traffic.apply(routes.routes(host))
        deadline = Deadline(paused.release.health.deadline)
        while not (answer := ask(host, paused)).ok and not deadline.over:
            host.sleep(min(_LOOK_SECONDS, deadline.left))
            host.records.leases.renew(self._lease)
        self._report(f"{paused.guest} {answer.said}")

    def _unhealthy(self, new: Generation, what: str) -> UnhealthyError:
        host = self._host
        for line in explain(host, new, self._probe):
            self._report(line)
        service, old = new.service, host.records.live(new.service)
        keeps = ""
        if old is not None and old.number != new.number:
            how = "is started again" if self._release.exclusive else "still serves"
            keeps = f"; {old.guest} {how}"
        return UnhealthyError(
            f"{new.guest} {what}{keeps}",
            f"health of `{service.environment}`",
            f"see all that it said with `fata console --app {service.app} "
            f"--env {service.environment} --generation {new.number}`",
        )

    def _end(self, new: Generation) -> None:
        self._host.driver.destroy(new.guest)
        self._host.secrets.remove(new.guest)


def ask(host: Host, generation: Generation) -> Probe:
    """`ask(host, generation)` is what its guest answers now."""
    health = generation.release.health
    health = replace(health, timeout=min(health.timeout, _SIGN_SECONDS))
    port, target = health.port, None
    if port is not None:
        # The interface is that of the port which is led there, or the first.
        led = (one for one in generation.release.ports if one.guest == port)
        nic = next((one.nic for one in led), None)
        target = routes.endpoint_of(host, generation, port, nic)
    if health.kind is Kind.CONSOLE or target is not None:
        return probe(health, target, host.guests / generation.guest / "console")
    return Probe(False, "cannot be reached: its address is not known", None, "", 0.0)


def retire(host: Host, lease: Lease, generation: Generation) -> None:
    """`retire(host, lease, generation)` ends the guest of a generation that was live."""
    with contextlib.suppress(UserError):
        host.driver.stop(generation.guest, STOP_SECONDS)
    host.driver.destroy(generation.guest)
    host.secrets.remove(generation.guest)
    host.passing("retired")
    host.records.advance(lease, [(generation, Stage.RETIRED)])

"""What drivers do whose guests are the hypervisor's, and outlive their keepers, as tests."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

from fata.deploy.drivers.directory import OUTCOME
from fata.deploy.drivers.driver import State
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.spec import GuestSpec
from fata.exit_codes import NO_OUTCOME
from fata.identity import Identity

from .conformance import Bench, Conformance


class Outlived(Conformance):
    """The suite for them. `label` is that of the driver's keepers.

    `gapless` drivers lose nothing; with others what was on its way to the keeper goes with it.
    """

    label: str
    gapless = True

    def test_a_guest_whose_keeper_was_killed_gets_another_and_its_console_goes_on(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=count")
        bench.driver.start(spec)
        self.said(bench, spec, "count 3\n")
        began = self.found(bench, spec).started
        for _ in range(2):  # the second one can be killed, too
            counted = self.counted(bench, spec)
            self.kill_keeper(spec)
            found = self.found(bench, spec)
            assert (found.state, found.kept) == (State.RUNNING, False)
            assert "its keeper was killed" in found.remark
            time.sleep(1)
            bench.again().attend(spec.name)
            found = self.found(bench, spec)
            assert (found.state, found.kept, found.remark) == (State.RUNNING, True, "")
            assert found.started == began
            self.said(bench, spec, f"count {counted[-1] + 15}\n")
        counted = self.counted(bench, spec)
        assert counted == sorted(set(counted)), "nothing is there twice"
        if self.gapless:
            assert counted == list(range(1, len(counted) + 1)), "what it said meanwhile is there"
        keeper = self.keeper(spec)
        bench.driver.attend(spec.name)
        assert self.keeper(spec) == keeper
        outcome = bench.driver.stop(spec.name, 60)
        assert (outcome.code, outcome.state) == (130, State.ENDED)
        assert (spec.directory / OUTCOME).exists()
        bench.driver.attend(spec.name)
        assert bench.leftovers(spec.name) == []

    def test_a_guest_outlives_its_keeper_and_can_be_destroyed(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=serve")
        bench.driver.start(spec)
        self.said(bench, spec, "listening")
        self.kill_keeper(spec)
        assert bench.get(spec) == b"hello"
        outcome = bench.driver.stop(spec.name, 5)
        assert (outcome.code, outcome.state) == (NO_OUTCOME, State.ENDED)

    def counted(self, bench: Bench, spec: GuestSpec) -> list[int]:
        """The numbers that the guest has counted, those of whole lines."""
        return [int(found) for found in re.findall(r"count (\d+)\n", self.console(bench, spec))]

    def kill_keeper(self, spec: GuestSpec) -> None:
        keeper = self.keeper(spec)
        keeper.send(signal.SIGKILL)
        assert keeper.wait(60)

    def keeper(self, spec: GuestSpec) -> Identity:
        keeper = find(spec.directory, self.label).keeper
        assert keeper is not None
        return keeper

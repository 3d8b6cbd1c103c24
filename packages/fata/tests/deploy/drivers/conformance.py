"""What every driver does, as tests: the meaning of the protocol `Driver`.

A driver passes them by a class of its own below `Conformance`, whose fixture `bench` says how
guests are specified for it and how its hypervisor is looked at, and hurt, without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from fata.deploy.drivers.console import display
from fata.deploy.drivers.driver import Driver, Found, Outcome, State
from fata.deploy.drivers.spec import Disk, GuestSpec
from fata.exit_codes import NO_OUTCOME
from functoria.error import UserError

APP = "behave.test"
T = TypeVar("T")


class Bench(Protocol):
    """A host with the driver that is tested, and what else the tests need of it."""

    @property
    def driver(self) -> Driver: ...

    def again(self) -> Driver:
        """The same driver as another process would make it."""
        ...

    def spec(self, name: str, *arguments: str) -> GuestSpec:
        """The guest `behave` told `arguments`, with an interface of which `get` knows the way."""
        ...

    def get(self, spec: GuestSpec) -> bytes:
        """The body that the guest answers with over HTTP, once it does."""
        ...

    def kill(self, name: str) -> None:
        """End the hypervisor's process or domain of a guest behind the driver's back."""
        ...

    def foreign(self) -> str:
        """Start something on the hypervisor that is not ours; its name. It ends with the bench."""
        ...

    def leftovers(self, name: str) -> list[str]:
        """All of the guest that still exists but its directory: processes, interfaces, ..."""
        ...


@pytest.mark.e2e
class Conformance:
    """The suite. Guests are destroyed after each test, and must then have left nothing."""

    patience = 120.0
    """Seconds in which an emulated guest on a busy machine says what it is waited for."""

    @pytest.fixture
    def bench(self) -> Bench:
        raise NotImplementedError

    @pytest.fixture
    def make(self, bench: Bench) -> Iterator[Callable[..., GuestSpec]]:
        """`make("--do=serve")` is a guest with a name of its own, gone after the test."""
        made: list[str] = []

        def one(*arguments: str) -> GuestSpec:
            made.append(f"{APP}.g{len(made) + 1}")
            return bench.spec(made[-1], *arguments)

        yield one
        for name in made:
            bench.driver.destroy(name)
            assert bench.leftovers(name) == []

    # -- a life ---------------------------------------------------------------------------------

    def test_a_guest_answers_and_is_asked_to_end(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        foreign, spec = bench.foreign(), make("--do=serve")
        bench.driver.start(spec)
        assert bench.get(spec) == b"hello"
        (found,) = bench.driver.list()  # and not the foreign one
        assert (found.name, found.state, found.remark) == (spec.name, State.RUNNING, "")
        assert found.name != foreign
        assert found.number
        assert abs((found.started or 0) - time.time()) < 300
        assert bench.driver.outcome(spec.name) is None
        self.a_name_in_use_is_refused(bench, spec)
        self.another_process_sees_the_same_guests(bench, spec)
        outcome = bench.again().stop(spec.name, 60)
        assert (outcome.code, outcome.state) == (130, State.ENDED)
        assert bench.driver.outcome(spec.name) == outcome
        assert self.found(bench, spec).state is State.ENDED
        assert bench.leftovers(spec.name) == []

    def a_name_in_use_is_refused(self, bench: Bench, spec: GuestSpec) -> None:
        with pytest.raises(UserError, match=r"runs already|in use"):
            bench.driver.start(spec)
        assert self.found(bench, spec).state is State.RUNNING
        assert bench.get(spec) == b"hello"

    def another_process_sees_the_same_guests(self, bench: Bench, spec: GuestSpec) -> None:
        other = bench.again()
        assert other.list() == bench.driver.list()
        assert other.console(spec.name) == bench.driver.console(spec.name)
        assert other.statistics(spec.name).cpu > 0

    def test_statistics_grow(self, bench: Bench, make: Callable[..., GuestSpec]) -> None:
        spec = make("--do=spin")
        bench.driver.start(spec)
        self.said(bench, spec, "spinning")
        before = bench.driver.statistics(spec.name)
        time.sleep(1)
        after = bench.driver.statistics(spec.name)
        assert after.cpu > before.cpu > 0
        assert after.memory > 1 << 20

    @pytest.mark.parametrize(
        ("arguments", "code", "reason"),
        [
            (("--do=throw",), 70, "thrown on purpose"),
            (("--no-such-argument",), 64, "--no-such-argument"),
        ],
    )
    def test_the_exit_code_is_the_guests_own(
        self,
        bench: Bench,
        make: Callable[..., GuestSpec],
        arguments: tuple[str, ...],
        code: int,
        reason: str,
    ) -> None:
        spec = make(*arguments)
        bench.driver.start(spec)
        outcome = self.ended(bench, spec)
        assert (outcome.code, outcome.state) == (code, State.ENDED)
        assert reason in outcome.reason
        assert abs(outcome.at - time.time()) < 300
        assert bench.driver.stop(spec.name, 5) == outcome

    # -- what ends badly ------------------------------------------------------------------------

    def test_a_hypervisor_that_is_killed_is_a_crash_which_can_be_destroyed(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        """albatross#39: a boot loop that could not be removed."""
        spec = make("--do=serve")
        bench.driver.start(spec)
        self.said(bench, spec, "listening")
        bench.kill(spec.name)
        outcome = self.ended(bench, spec)
        assert (outcome.code, outcome.state) == (NO_OUTCOME, State.CRASHED)
        assert self.found(bench, spec).state is State.CRASHED
        assert "listening" in self.console(bench, spec)
        bench.driver.destroy(spec.name)
        assert bench.leftovers(spec.name) == []
        bench.driver.start(spec)
        assert bench.get(spec) == b"hello"

    def test_a_guest_that_uses_all_its_memory_is_told_of(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=eat")
        bench.driver.start(spec)
        outcome = self.ended(bench, spec)
        assert outcome.code in (70, NO_OUTCOME)
        assert "memory" in outcome.reason.lower() or outcome.code == 70

    def test_shutdown_needs_no_cooperation(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        """firecracker#1966, Ganeti: a stop that waits two minutes for a guest without ACPI."""
        spec = make("--do=deaf")
        bench.driver.start(spec)
        self.said(bench, spec, "deaf")
        began = time.monotonic()
        outcome = bench.driver.stop(spec.name, 1.0)
        assert 1.0 <= time.monotonic() - began < 60
        assert (outcome.code, outcome.state) == (NO_OUTCOME, State.ENDED)
        assert bench.leftovers(spec.name) == []

    # -- names and identity ---------------------------------------------------------------------

    def test_a_name_can_be_used_again_and_the_console_before_is_kept(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        spec = make("--do=exit", "--number=5")
        bench.driver.start(spec)
        assert self.ended(bench, spec).code == 5
        bench.driver.start(bench.spec(spec.name, "--do=exit"))
        outcome = self.ended(bench, spec)
        assert outcome.code == 0
        assert "exited with 0" in outcome.reason
        previous = bench.driver.console(spec.name).with_name("console.previous")
        assert b"fata: exit 5" in previous.read_bytes()

    def test_guests_run_side_by_side(self, bench: Bench, make: Callable[..., GuestSpec]) -> None:
        first, second = make("--do=serve"), make("--do=serve")
        for spec in (first, second):
            bench.driver.start(spec)
        assert [bench.get(spec) for spec in (first, second)] == [b"hello", b"hello"]
        bench.driver.destroy(first.name)
        assert bench.get(second) == b"hello"
        states = {found.name: found.state for found in bench.driver.list()}
        assert states == {first.name: State.ENDED, second.name: State.RUNNING}

    # -- the end of everything ------------------------------------------------------------------

    def test_destroying_is_idempotent_and_leaves_no_orphan(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        """kraftkit#1726: QEMU went on after `rm`."""
        spec = make("--do=serve")
        bench.driver.destroy(spec.name)
        bench.driver.start(spec)
        for _ in range(3):
            bench.driver.destroy(spec.name)
            assert bench.leftovers(spec.name) == []
        outcome = bench.driver.outcome(spec.name)
        assert outcome is not None
        assert (outcome.code, outcome.state) == (NO_OUTCOME, State.ENDED)

    @pytest.mark.parametrize("damage", ["nothing", "empty files", "nonsense", "no directory"])
    def test_what_has_a_damaged_directory_can_be_listed_and_destroyed(
        self, bench: Bench, make: Callable[..., GuestSpec], damage: str
    ) -> None:
        """kraftkit#633: state directories that no longer say what runs."""
        spec = make("--do=serve")
        bench.driver.start(spec)
        hurt(spec.directory, damage)
        found = {found.name: found for found in bench.driver.list()}
        assert found[spec.name].state is State.RUNNING
        bench.driver.destroy(spec.name)
        assert bench.leftovers(spec.name) == []
        assert spec.name not in [f.name for f in bench.driver.list() if f.state is State.RUNNING]

    def test_what_is_not_known(self, bench: Bench) -> None:
        name = f"{APP}.g99"
        assert bench.driver.outcome(name) is None
        bench.driver.destroy(name)
        with pytest.raises(UserError, match=name):
            bench.driver.stop(name, 1)
        with pytest.raises(UserError, match=name):
            bench.driver.statistics(name)
        with pytest.raises(UserError, match=name):
            bench.driver.console(name)

    # -- the console ----------------------------------------------------------------------------

    def test_the_console_is_kept_from_power_on(
        self, bench: Bench, make: Callable[..., GuestSpec]
    ) -> None:
        """Ganeti: what a guest says before someone attaches is lost."""
        spec = make("--do=exit", "--number=7")
        spec = replace(spec, command_line=spec.command_line.replace(" quiet", ""))
        bench.driver.start(spec)
        outcome = self.ended(bench, spec)
        assert (outcome.code, outcome.state) == (7, State.ENDED)
        text = self.console(bench, spec)
        assert "Linux version" in text
        assert "fata: exit 7" in text

    def test_a_flood_is_bounded(self, bench: Bench, make: Callable[..., GuestSpec]) -> None:
        """albatross 2.7.2: a console that grew without bounds."""
        spec = replace(make("--do=flood", "--number=200"), console_bytes=32768)
        bench.driver.start(spec)
        outcome = self.ended(bench, spec)
        assert (outcome.code, outcome.reason) == (0, "finished")
        path = bench.driver.console(spec.name)
        assert path.stat().st_size <= 32768
        text = self.console(bench, spec)
        assert text.startswith("[fata: the first ")
        assert "the flood is over" in text

    def test_hostile_output_is_harmless(self, bench: Bench, make: Callable[..., GuestSpec]) -> None:
        """albatross 2.5.0, #266: long lines used up memory, and escape codes were passed on."""
        spec = make("--do=hostile")
        bench.driver.start(spec)
        assert self.ended(bench, spec).code == 0
        data = bench.driver.console(spec.name).read_bytes()
        assert max(map(len, data.split(b"\n"))) <= 4200
        text = self.console(bench, spec)
        assert "after the long line" in text
        assert "\x1b" not in text
        assert all(c.isprintable() or c in "\n\t" for c in text)

    # -- what is known before anything is made --------------------------------------------------

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (lambda s: replace(s, kernel=Path("/nonexistent/kernel")), "kernel"),
            (lambda s: replace(s, initramfs=Path("/nonexistent/initramfs")), "initramfs"),
            (lambda s: replace(s, memory=1 << 22), "memory"),
            (lambda s: replace(s, disks=(Disk("data", Path("/nonexistent/disk")),)), "disk"),
            (
                lambda s: replace(s, nics=(replace(s.nics[0], bridge="nobr0", forwards=()),)),
                "bridge",
            ),
        ],
    )
    def test_what_is_missing_is_told_before_anything_is_made(
        self,
        bench: Bench,
        make: Callable[..., GuestSpec],
        change: Callable[[GuestSpec], GuestSpec],
        what: str,
    ) -> None:
        """albatross#203, nanos#1927: a start with a bridge or a volume that was not there."""
        spec = change(make("--do=serve"))
        with pytest.raises(UserError, match=what):
            bench.driver.check(spec)
        with pytest.raises(UserError, match=what):
            bench.driver.start(spec)
        assert spec.name not in [found.name for found in bench.driver.list()]
        assert bench.leftovers(spec.name) == []

    # -- helpers --------------------------------------------------------------------------------

    def said(self, bench: Bench, spec: GuestSpec, words: str) -> None:
        """Wait until the guest has said that."""

        def ask() -> bool | None:
            end = bench.driver.outcome(spec.name)
            text = self.console(bench, spec)
            assert words in text or end is None, f"{end}\n{text}"
            return words in text or None

        self.wait(ask)

    def ended(self, bench: Bench, spec: GuestSpec) -> Outcome:
        """Wait until the guest has ended; how it did."""
        return self.wait(lambda: bench.driver.outcome(spec.name))

    def found(self, bench: Bench, spec: GuestSpec) -> Found:
        (found,) = (found for found in bench.driver.list() if found.name == spec.name)
        return found

    def console(self, bench: Bench, spec: GuestSpec) -> str:
        return display(bench.driver.console(spec.name).read_bytes())

    def wait(self, ask: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.05)
        raise AssertionError("nothing came of it")


def hurt(directory: Path, damage: str) -> None:
    """Spoil what is written down of a guest, as a full disk or a careless hand would."""
    for path in sorted(directory.glob("*.json")):
        if damage == "empty files":
            path.write_bytes(b"")
        elif damage == "nonsense":
            path.write_bytes(b'{"pid": "one", "qemu": [1, 2], "\xff')
    if damage == "no directory":
        directory.rename(directory.with_name(f".{directory.name}.moved"))

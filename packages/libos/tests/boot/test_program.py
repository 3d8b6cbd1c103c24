"""A run of a program ends in an exit code and a reason, whatever happens in it."""

import sys
from collections.abc import Awaitable, Callable
from types import ModuleType

import pytest

from libos.boot.arguments import Argument
from libos.boot.outcome import last_line
from libos.boot.program import run
from libos.boot.system import System

Main = Callable[[System], Awaitable[None]]


def ended(main: Main, *words: str) -> tuple[int, str]:
    module = ModuleType("fata_main")
    module.ARGUMENTS = (Argument("n", "int", "1", "a number", "config.py:2"),)  # type: ignore[attr-defined]
    module.main = main  # type: ignore[attr-defined]
    return run(lambda: module, list(words))


async def nothing(_system: System) -> None:
    return None


def test_a_program_that_returns_has_finished() -> None:
    assert ended(nothing) == (0, "finished")


def test_an_uncaught_exception_shows_its_traceback_and_has_a_code_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def start() -> None:
        raise ValueError("no such thing")

    async def main(system: System) -> None:
        await system.run(start(), "website", "config.py:7")

    assert ended(main) == (70, "uncaught ValueError: no such thing")
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "in the job `website` of config.py:7" in shown


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (None, (0, "finished")),
        (3, (3, "the program exited with 3")),
        (256 + 3, (3, "the program exited with 3")),
        ("no room", (1, "no room")),
    ],
)
def test_an_exit_means_what_it_means_in_a_process(status: object, outcome: tuple[int, str]) -> None:
    async def main(_system: System) -> None:
        sys.exit(status)  # type: ignore[arg-type]

    assert ended(main) == outcome


def test_a_bad_argument_is_not_the_programs_fault() -> None:
    code, reason = ended(nothing, "--n=x")
    assert code == 64
    assert "--n: 'x' is not a whole number" in reason


def test_a_device_that_does_not_start_is_named_with_its_line() -> None:
    class Broken:
        async def start(self) -> None:
            raise OSError("no carrier")

    async def main(system: System) -> None:
        await system.start(Broken(), "stack", "config.py:5")

    assert ended(main) == (71, "device `stack` of config.py:5 did not start: no carrier")


def test_devices_stop_in_reverse_order_and_one_that_cannot_holds_up_no_other() -> None:
    stopped = []

    class Device:
        def __init__(self, name: str) -> None:
            self.name = name

        async def stop(self) -> None:
            stopped.append(self.name)
            if self.name == "b":
                raise OSError("stuck")

    async def main(system: System) -> None:
        for name in "abc":
            await system.start(Device(name), name, "config.py:1")

    assert ended(main) == (0, "finished")
    assert stopped == ["c", "b", "a"]


def test_an_import_that_fails_is_an_uncaught_exception() -> None:
    def load() -> ModuleType:
        raise ModuleNotFoundError("No module named 'nowhere'")

    assert run(load, []) == (70, "uncaught ModuleNotFoundError: No module named 'nowhere'")


def test_the_last_line_is_one_line() -> None:
    assert last_line(70, "two\nlines\x07 here") == "fata: exit 70 two lines\x07 here"

"""A run of a program ends in an exit code and a reason, whatever happens in it."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest

from libos.boot.arguments import Argument
from libos.boot.outcome import last_line
from libos.boot.program import run
from libos.boot.system import System

Main = Callable[[System], Awaitable[None]]

user: Any = ModuleType("website")
exec(  # noqa: S102 - the user's own module: neither of libos nor of the tests
    compile("async def start():\n    raise ValueError('no such thing')\n", "website.py", "exec"),
    user.__dict__,
)


def ended(main: Main, *words: str) -> tuple[int, str]:
    module = ModuleType("fata_main")
    module.ARGUMENTS = (  # type: ignore[attr-defined]
        Argument("n", "int", "1", "a number", "config.py:2"),
        Argument("port", "port", "80", "where to listen", "config.py:3"),
    )
    module.main = main  # type: ignore[attr-defined]
    return run(lambda: module, list(words))


async def nothing(_system: System) -> None:
    return None


def test_a_program_that_returns_has_finished() -> None:
    assert ended(nothing) == (0, "finished")


def test_an_uncaught_exception_shows_its_traceback_and_has_a_code_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def main(system: System) -> None:
        await system.run("website", "config.py:7", user.start)

    code, reason = ended(main)
    assert (code, reason) == (70, "uncaught ValueError: no such thing, at website.py:2")
    assert capsys.readouterr().err == (
        "Traceback (most recent call last):\n"
        '  File "config.py", line 7, in website\n'
        '  File "website.py", line 2, in start\n'
        "ValueError: no such thing\n"
    )


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
    assert reason == (
        "boot argument `--n`: `x` is not a whole number, declared at config.py:2; "
        "give it as `--n=INT`"
    )


def test_a_device_that_does_not_start_is_named_with_its_line() -> None:
    class Broken:
        async def start(self) -> None:
            raise OSError("no carrier")

    async def main(system: System) -> None:
        await system.start("website > http > stack", "config.py:5", Broken)

    code, reason = ended(main)
    assert code == 71
    said = "device `website > http > stack` of config.py:5 did not start: no carrier, at "
    assert reason.startswith(said)
    assert reason.endswith(f"test_program.py:{Broken.start.__code__.co_firstlineno + 1}")


def test_a_device_that_cannot_be_constructed_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Server:
        def __init__(self, *, port: int) -> None:
            self.port = port

    async def main(system: System) -> None:
        await system.start("website > http", "config.py:5", Server, prot=80)  # type: ignore[call-arg]

    code, reason = ended(main)
    assert code == 71
    assert reason.startswith("device `website > http` of config.py:5 did not start: ")
    assert "unexpected keyword argument 'prot'" in reason
    assert capsys.readouterr().err.startswith(
        'Traceback (most recent call last):\n  File "config.py", line 5, in website > http\nType'
    )


def test_a_job_that_is_not_an_async_def_is_said_to_be_none() -> None:
    def start() -> None:
        return None

    async def main(system: System) -> None:
        await system.run("website", "config.py:5", start)  # type: ignore[arg-type]

    code, reason = ended(main)
    assert code == 70
    assert "start` is not an `async def`: it gave NoneType, which cannot be awaited" in reason


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_port_in_use_is_the_operators_to_mend(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        taken.listen()
        number = taken.getsockname()[1]

        async def main(system: System) -> None:
            async def start(port: int) -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(asyncio.start_server(print, host, port))

            await system.run("echo", "config.py:5", start, system.argument("port"))

        assert ended(main, f"--port={number}") == (
            71,
            f"port {number} is in use by another program; choose another with `--port=`, "
            "declared at config.py:3",
        )
    assert capsys.readouterr().err == ""


def test_help_is_shown_and_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(nothing, "--help")[0] == 0
    assert "--n=INT" in capsys.readouterr().out


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
            await system.start(name, "config.py:1", Device, name)

    assert ended(main) == (0, "finished")
    assert stopped == ["c", "b", "a"]


def test_an_import_that_fails_is_an_uncaught_exception() -> None:
    def load() -> ModuleType:
        raise ModuleNotFoundError("No module named 'nowhere'")

    code, reason = run(load, [])
    assert code == 70
    assert reason.startswith("uncaught ModuleNotFoundError: No module named 'nowhere', at ")


def test_the_last_line_is_one_line() -> None:
    assert last_line(70, "two\nlines\x07 here") == "fata: exit 70 two lines\x07 here"

"""Doing the steps of a plan on a host, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fata.host import apt
from fata.host.connection import Connection, Result
from fata.host.failure import last_line
from fata.host.steps import (
    InstallPackages,
    Reboot,
    RunCommand,
    Step,
    WriteFile,
    shown,
)
from functoria.error import UserError


def perform(connection: Connection, steps: Sequence[Step], report: Callable[[str], None]) -> None:
    """`perform(connection, steps, report)` does all steps but a reboot, saying each.

    Raises `UserError` at the first that fails; what was done before stays, and a new plan goes on
    from there.
    """
    for number, step in enumerate(steps, 1):
        report(f"{number}/{len(steps)} {shown(step)}")
        try:
            _do(connection, step, report)
        except UserError as error:
            error.do = f"{error.do} ({number - 1} of {len(steps)} steps are done)"
            raise


def _do(connection: Connection, step: Step, report: Callable[[str], None]) -> None:
    match step:
        case InstallPackages():
            apt.install(connection, step.names, report)
        case WriteFile():
            _write(connection, step)
        case RunCommand():
            _must(connection, *step.arguments)
        case Reboot():
            raise ValueError("a reboot is no step among others")


def _write(connection: Connection, step: WriteFile) -> None:
    """A temporary file, flushed to the disk, renamed: as a file is written here, too."""
    temporary = f"{step.path}.fata-new"
    content = step.content.encode()
    mode = f"{step.mode:04o}"
    _must(connection, "install", "-D", "-m", mode, "/dev/stdin", temporary, content=content)
    _must(connection, "sync", temporary)
    _must(connection, "mv", "-T", temporary, step.path)
    if step.check:
        done = connection.run(step.check)
        if done.code != 0:
            _must(connection, "rm", "-f", step.path)
            raise UserError(
                f"`{step.check[0]}` refuses {step.path}, which was taken away again: "
                f"{last_line(done.err or done.out)}",
                connection.destination.name,
                "mend what it complains of there, then run the command again",
            )


def _must(connection: Connection, *arguments: str, content: bytes = b"") -> Result:
    done = connection.run(arguments, content, seconds=600)
    if done.code != 0:
        name = connection.destination.name
        raise UserError(
            f"`{arguments[0]}` failed on {name}: {last_line(done.err or done.out)}",
            name,
            "mend that there, then run the command again",
        )
    return done

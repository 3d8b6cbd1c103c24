"""Setting a host up: look, plan, do, look again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fata.host import failure
from fata.host.connection import Connection
from fata.host.destination import Destination
from fata.host.facts import Facts
from fata.host.kind import LAB, Kind, Wishes
from fata.host.perform import perform
from fata.host.plan import plan
from fata.host.probe import gather
from fata.host.refusal import refuse
from fata.host.steps import Reboot, RunCommand, Step, shown
from functoria.error import UserError

REBOOT_SECONDS = 900.0
"""A server may test its memory for minutes before it starts."""
_RETRY_SECONDS = 3.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """`Setup(facts, steps)` is a host as it is, and what it lacks."""

    facts: Facts
    steps: tuple[Step, ...]


def is_lab(connection: Connection) -> bool:
    """Whether the host is one of `fata lab`, which has all that a host needs and no Debian."""
    return connection.run(("test", "-e", LAB), plain=True).code == 0


def look(connection: Connection, wishes: Wishes, report: Report) -> Setup:
    """`look(connection, wishes, report)` is what is to be done; nothing has been changed yet.

    Raises `UserError` where the host cannot become what is wished.
    """
    facts = gather(connection)
    name = connection.destination.name
    report(f"{name}: {facts.system.name}, Linux {facts.system.kernel}")
    refuse(facts, wishes.kind, name)
    return Setup(facts, plan(facts, wishes))


def carry_out(
    connection: Connection, setup: Setup, wishes: Wishes, report: Report
) -> tuple[Step, ...]:
    """`carry_out(connection, setup, wishes, report)` does all but a reboot; what is left.

    The host is looked at again afterwards: a step that had no effect is a failure.
    """
    steps = tuple(step for step in setup.steps if not isinstance(step, Reboot))
    reboot = tuple(step for step in setup.steps if isinstance(step, Reboot))
    if not steps:
        return reboot
    perform(connection, steps, report)
    left = [step for step in plan(gather(connection), wishes) if step in steps and _shows(step)]
    if left:
        name = connection.destination.name
        raise UserError(
            f"a step had no effect on {name}: {shown(left[0])}",
            name,
            "something there works against it; find out what, then run the command again",
        )
    return reboot


def _shows(step: Step) -> bool:
    """Whether the effect can be seen at once."""
    return not (isinstance(step, RunCommand) and step.at_login)


def reboot(
    connection: Connection,
    boot_id: str,
    report: Report,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """`reboot(connection, boot_id, report)` has the host start anew, and waits until it has.

    `boot_id` is the one of its facts (proc(5), random/boot_id). Raises `UserError` where it does
    not come back.
    """
    destination = connection.destination
    report(f"rebooting {destination.name}")
    try:
        done = connection.run(("systemctl", "reboot"), seconds=60)
    except UserError:
        done = None  # the connection was quicker to end than the command
    if done is not None and done.code not in (0, 255):
        raise UserError(
            f"{destination.name} refuses to reboot: {failure.last_line(done.err)}",
            destination.name,
            "reboot it by hand",
        )
    deadline = time.monotonic() + REBOOT_SECONDS
    while time.monotonic() < deadline:
        if _boot_id(destination) not in (None, boot_id):
            report(f"{destination.name} is back")
            return
        sleep(_RETRY_SECONDS)
    raise UserError(
        f"{destination.name} has not come back within {REBOOT_SECONDS / 60:.0f} minutes",
        destination.name,
        "look at its console; the menu of GRUB still offers Linux without Xen",
    )


def verify(destination: Destination, wishes: Wishes, report: Report) -> None:
    """`verify(destination, wishes, report)` is nothing where the host runs as wished.

    Raises `UserError` where something is left to do, or Xen does not answer.
    """
    with Connection(destination) as connection:
        left = plan(gather(connection), wishes)
        if left:
            raise UserError(
                f"{destination.name} is not as wished after its reboot: {shown(left[0])}",
                destination.name,
                "run the command again; if it stays, look at the host's console",
            )
        if wishes.kind is Kind.XEN:
            done = connection.run(("xl", "info"))
            if done.code != 0:
                raise UserError(
                    f"Xen does not answer on {destination.name}: {failure.last_line(done.err)}",
                    destination.name,
                    "see `systemctl status xen` there",
                )
            version = _field(done.out, "xen_version")
            report(f"{destination.name} runs Xen {failure.readable(version)}")


def _boot_id(destination: Destination) -> str | None:
    """Which start of the host it is that answers, or `None` while none does."""
    try:
        with Connection(destination, connect_seconds=5) as connection:
            path = "/proc/sys/kernel/random/boot_id"
            return connection.run(("cat", path), seconds=20, plain=True).out.strip() or None
    except UserError:
        return None


def _field(text: str, name: str) -> str:
    rows = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, _, value in rows if key.strip() == name), "")

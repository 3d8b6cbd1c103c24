"""`fata run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from fata.cli.project import saved_project
from fata.qemu.accelerator import Preference
from fata.qemu.machine import Guest, UserNic
from fata.qemu.observer import Observer
from fata.qemu.publish import parse_all
from fata.qemu.supervise import run
from fata.run import Options, check, plan, process_command
from functoria import UserError
from functoria.cli.settings import Settings, common
from functoria.cli.show import show_error

NO_OUTCOME = 125
"""The exit code where the guest ended without saying how."""


@click.command("run", context_settings={"allow_interspersed_args": False})
@common
@click.option(
    "-p",
    "--publish",
    multiple=True,
    metavar="[ADDRESS:]HOST:GUEST[/udp]",
    help="Lead a port of this machine, on 127.0.0.1 unless you say otherwise, to the guest's.",
)
@click.option("-m", "--memory", type=click.IntRange(16, 1 << 20), metavar="MIB", help="Memory.")
@click.option("--machine", metavar="NAME", help="The QEMU machine: microvm or q35.")
@click.option(
    "--accelerator",
    type=click.Choice([preference.value for preference in Preference]),
    default=Preference.AUTO.value,
    help="auto uses KVM where a test start proves that it works, and emulation elsewhere.",
)
@click.option(
    "--console", type=click.Path(path_type=Path), metavar="FILE", help="Where the console is kept."
)
@click.option("--kernel-word", multiple=True, metavar="WORD", help="Tell the kernel this, too.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS]")
@click.pass_obj
def command(
    settings: Settings,
    publish: tuple[str, ...],
    memory: int | None,
    machine: str | None,
    accelerator: str,
    console: Path | None,
    kernel_word: tuple[str, ...],
    arguments: tuple[str, ...],
) -> int:
    """Run what was built, and end with its exit code.

    ARGUMENTS are boot arguments of the program, such as --logs=debug. Ctrl-C ends a guest in
    order, a second one at once.
    """
    options = Options(
        arguments=arguments,
        publish=parse_all(publish),
        memory=memory,
        machine=machine,
        preference=Preference(accelerator),
        words=kernel_word,
    )
    directory = saved_project(settings).output
    made = check(directory)
    if made.image is None:
        program = process_command(directory, made, options)
        os.execv(program[0], program)  # noqa: S606 - signals and the exit code are its own
    guest, choice = plan(directory, made, options)
    log = console or directory / "console.log"
    settings.report(
        f"{made.name}: {guest.machine} with {guest.memory} MiB under {choice.accelerator} "
        f"({choice.reason}), kernel {made.image.kernel.provider} {made.image.kernel.version}"
    )
    outcome = run(guest, choice.accelerator, log, Terminal(settings))
    if outcome.code is None:
        show_error(
            UserError(
                f"the guest ended without an outcome: {outcome.reason}",
                str(log),
                "read its console there",
            )
        )
        return NO_OUTCOME
    settings.report(f"exit code {outcome.code}: {outcome.reason or 'no reason given'}")
    return outcome.code


class Terminal(Observer):
    """The guest's console on standard output, and what the operator wants to know beside it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def starting(self, guest: Guest) -> None:
        """Say where the published ports are."""
        for nic in guest.nics:
            for port in nic.publish if isinstance(nic, UserNic) else ():
                self._settings.report(
                    f"{port.address}:{port.host} leads to port {port.guest}/{port.protocol}"
                )

    def output(self, data: bytes, at: float) -> None:
        """Pass on what the guest prints."""
        sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
        sys.stdout.buffer.flush()

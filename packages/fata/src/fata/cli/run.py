"""`fata run`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from fata.arguments import check_arguments
from fata.become import become
from fata.cli.project import check_configured, saved_project
from fata.consoles import console as new_console
from fata.devices.target import XEN
from fata.disks import Plan as DiskPlan
from fata.disks import opened, parse_disks, plan_disks
from fata.exit_codes import DONE, INTERRUPTED, NO_OUTCOME
from fata.image.manifest import FILE_NAME, Manifest
from fata.nics import parse_attachments, parse_publications
from fata.project import Project
from fata.qemu.accelerator import Choice, Preference
from fata.qemu.machine import Guest, UserNic
from fata.qemu.observer import Observer
from fata.qemu.outcome import Outcome
from fata.qemu.shown import Shown
from fata.qemu.supervise import run
from fata.remarks import is_news
from fata.run import Options, check, plan, process_command
from fata.sources import changed
from functoria import UserError
from functoria.cli.hinted import HintedCommand
from functoria.cli.settings import Settings, common
from functoria.cli.show import show_error

_SETTINGS = {"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}


class Run(HintedCommand):
    """The command, whose program has arguments of its own."""

    runs = True


@click.command("run", cls=Run, context_settings=_SETTINGS)
@common
@click.option(
    "-p",
    "--publish",
    multiple=True,
    metavar="[NIC/][ADDRESS:]HOST:GUEST[/udp]",
    help="Lead a port of this machine, on 127.0.0.1 unless you say otherwise, to the guest's: "
    "8080:80 to its first interface, front/8080:80 to that called front.",
)
@click.option(
    "--nic",
    multiple=True,
    metavar="NAME=tap:INTERFACE|user",
    help="Join an interface of the guest to a TAP device of this machine. Others have a network "
    "of their own, behind this machine's: 10.0.2.0/24 the first, 10.0.3.0/24 the second.",
)
@click.option(
    "--disk",
    multiple=True,
    metavar="NAME=FILE[,ro]",
    help="The file of a disk. Without it, it is disks/NAME.img in the project, which is made if "
    "config.py says a size.",
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
def command(  # noqa: PLR0913 - they are the options
    settings: Settings,
    publish: tuple[str, ...],
    nic: tuple[str, ...],
    disk: tuple[str, ...],
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
        publish=parse_publications(publish),
        nics=parse_attachments(nic),
        disks=parse_disks(disk),
        memory=memory,
        machine=machine,
        preference=Preference(accelerator),
        words=kernel_word,
    )
    project = saved_project(settings)
    directory = project.output
    if not (directory / FILE_NAME).exists():
        check_configured(settings, project)
    made = check(directory)
    table = check_arguments(made, arguments)
    if table is not None:
        click.echo(table)
        return DONE
    _compare(settings, project, made)
    if made.image is None:
        become(process_command(directory, made, options))
    disks = plan_disks(made, options.disks, project.directory)
    if made.target == XEN:
        return _run_on_xen(settings, made, project, options, disks, console)
    guest, choice = plan(directory, made, options, tuple(each.disk for each in disks))
    _introduce(settings, made, guest, choice)
    kept = contextlib.nullcontext(console) if console else new_console(directory)
    with opened(disks, settings.report), kept as log:
        terminal = Terminal(settings, tuple(device.name for device in made.network))
        try:
            outcome = run(guest, choice.accelerator, log, terminal)
        finally:
            terminal.end()
    return _ended(settings, outcome)


def _run_on_xen(
    settings: Settings,
    made: Manifest,
    project: Project,
    options: Options,
    disks: tuple[DiskPlan, ...],
    console: Path | None,
) -> int:
    from fata.xen.follow import Session
    from fata.xen.run import check_options
    from fata.xen.run import run as run_on_xen

    directory = project.output
    kept = contextlib.nullcontext(console) if console else new_console(directory)
    terminal = Terminal(settings, ())
    with opened(disks, settings.report), kept as log:
        check_options(options, disks)
        session = Session(directory, disks, log, settings.report, terminal.show)
        try:
            outcome = run_on_xen(made, options, session)
        finally:
            terminal.end()
    return _ended(settings, outcome)


def _compare(settings: Settings, project: Project, made: Manifest) -> None:
    """Say if the project is not any more what was built."""
    names = changed(project, made)
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        shown = ", ".join(f"`{name}`" for name in names[:3])
        settings.report(f"built from other sources ({shown}{more} changed): run `fata build`")


def _introduce(settings: Settings, made: Manifest, guest: Guest, choice: Choice) -> None:
    """Say what is started; why it is emulated, only to those who have not read it today."""
    kernel = "" if made.image is None else f"{made.image.kernel.provider} "
    version = "" if made.image is None else made.image.kernel.version
    settings.report(
        f"{made.name}: {guest.machine} with {guest.memory} MiB under {choice.accelerator}, "
        f"kernel {kernel}{version}"
    )
    if settings.verbosity > 0 or is_news(choice.reason):
        settings.report(choice.reason)


def _ended(settings: Settings, outcome: Outcome) -> int:
    """Say how the guest ended; the exit code is the result."""
    if outcome.code is not None:
        settings.report(f"exit code {outcome.code}: {outcome.reason or 'no reason given'}")
        return outcome.code
    if outcome.interrupted:
        settings.report(f"interrupted: {outcome.reason}")
        return INTERRUPTED
    show_error(
        UserError(
            f"the guest ended without an outcome: {outcome.reason}",
            str(outcome.console),
            "read its console there",
        )
    )
    return NO_OUTCOME


class Terminal(Observer):
    """The guest's console on standard output, and what the operator wants to know beside it."""

    def __init__(self, settings: Settings, networks: tuple[str, ...]) -> None:
        self._settings = settings
        self._networks = networks
        self._console = Shown(everything=settings.verbosity > 0)
        self._last = b"\n"

    def starting(self, guest: Guest) -> None:
        """Say where the published ports are."""
        for name, nic in zip(self._networks, guest.nics, strict=True):
            of = f" of `{name}`" if len(guest.nics) > 1 else ""
            for port in nic.publish if isinstance(nic, UserNic) else ():
                self._settings.report(
                    f"{port.address}:{port.host} leads to port {port.guest}/{port.protocol}{of}"
                )

    def output(self, data: bytes, at: float) -> None:
        """Pass on what the guest prints."""
        self.show(data)

    def show(self, data: bytes) -> None:
        """Pass on bytes of the console."""
        self._write(self._console.feed(data))

    def end(self) -> None:
        """Pass on what was held back, and end the line: what is said next has one of its own."""
        self._write(self._console.end())
        if self._last != b"\n":
            self._write(b"\n")

    def _write(self, data: bytes) -> None:
        self._last = data[-1:] or self._last
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

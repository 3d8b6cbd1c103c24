"""`fata host`."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import click

from fata.cli.remote import remote
from fata.cli.users import allow, disallow, users
from fata.host.kind import Driver, Kind
from functoria.cli.settings import Settings, common
from functoria.error import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
_LEAST_NETWORK = 28
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Networks that anyone may use (RFC 1918, section 3)."""


def reached(command: Command) -> Command:
    """`reached(command)` has the options that say how ssh reaches a machine."""
    for decorate in (_identity, _port):
        command = decorate(command)
    return command


_port = click.option(
    "-p", "--port", type=click.IntRange(1, 65535), metavar="PORT", help="The port of its sshd."
)
_identity = click.option(
    "-i",
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The private key to use.",
)


def _subnet(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> IPv4Network | None:
    if text is None:
        return None
    try:
        network = IPv4Network(text)
    except ValueError:
        network = None
    private = network is not None and any(map(network.subnet_of, _PRIVATE))
    if network is None or not private or network.prefixlen > _LEAST_NETWORK:
        raise UsageError(
            f"`{text}` is not a private network that guests can be on",
            "--subnet",
            "write its first address and the length of its prefix, such as `10.77.0.0/24`",
        )
    return network


@click.group("host")
def command() -> None:
    """Set machines up that run guests, and say who may use them."""


for _other in (allow, disallow, remote, users):
    command.add_command(_other)


@command.command("setup")
@common
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.QEMU.value,
    show_default=True,
    help="What is to run guests: QEMU with KVM, or Xen.",
)
@click.option(
    "--driver",
    type=click.Choice([driver.value for driver in Driver]),
    help="What runs the guests of QEMU (qemu), of Xen (xl) or of either (libvirt); otherwise as "
    "before, and not libvirt at first.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--reboot", is_flag=True, help="Reboot where that is needed, and wait.")
@click.option(
    "--subnet",
    metavar="NETWORK",
    callback=_subnet,
    help="The network of the guests, behind the host; otherwise one that is free.",
)
@click.option(
    "--dom0-memory",
    type=click.IntRange(256, 1 << 20),
    metavar="MIB",
    help="What Linux keeps under Xen; otherwise a quarter, from 512 to 4096.",
)
@reached
@click.argument("destination", metavar="USER@HOST")
@click.pass_obj
def _setup(  # noqa: PLR0913 - they are the options
    settings: Settings,
    kind: str,
    driver: str | None,
    dry_run: bool,
    reboot: bool,
    subnet: IPv4Network | None,
    dom0_memory: int | None,
    port: int | None,
    identity: Path | None,
    destination: str,
) -> None:
    """Make a Debian machine a host.

    USER@HOST is anything that `ssh` reaches without a password, as root or as a user who may use
    `sudo` without one. Only what is lacking is done: a second time there is nothing to do.
    """
    from fata.host.destination import parse_destination
    from fata.host.kind import Wishes

    wishes = Wishes(Kind(kind), subnet, dom0_memory, None if driver is None else Driver(driver))
    if wishes.driver is not None and wishes.driver not in wishes.kind.drivers:
        names = " or ".join(f"`--driver {each}`" for each in wishes.kind.drivers)
        raise UsageError(
            f"`{driver}` runs no guests of a host of the kind `{kind}`",
            "--driver",
            f"say {names}, or another `--kind`",
        )
    if dom0_memory is not None and wishes.kind is not Kind.XEN:
        raise UsageError("only Xen has a dom0", "--dom0-memory", "say `--kind xen`, too")
    machine = parse_destination(destination, port, identity)
    from fata.host import setup
    from fata.host.connection import Connection
    from fata.host.steps import Reboot, shown

    with Connection(machine) as connection:
        if setup.is_lab(connection):
            settings.report(f"nothing to do: {machine.name} is a lab, which is a Xen host already")
            return
        found = setup.look(connection, wishes, settings.report)
        if dry_run:
            for step in found.steps:
                click.echo(shown(step))
            if not found.steps:
                settings.report("nothing to do")
            return
        left = setup.carry_out(connection, found, wishes, settings.report)
        if left and reboot:
            setup.reboot(connection, found.facts.system.boot_id, settings.report)
    if left and reboot:
        setup.verify(machine, wishes, settings.report)
    for step in left if not reboot else ():
        if isinstance(step, Reboot):
            settings.note(f"a reboot is needed, {step.purpose}: run this again with `--reboot`")
    settings.report(f"{machine.name} is set up" if found.steps else "nothing to do")

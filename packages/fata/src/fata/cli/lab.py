"""`fata lab`."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict

import click

from fata import lab
from fata.lab.forward import parse
from fata.lab.place import Place
from fata.qemu.console import plain
from functoria.cli.settings import Settings, common
from functoria.error import UserError

_PUBLISH = "HOST:ADDRESS:PORT[/udp]"
_name = click.option(
    "--name", default=lab.DEFAULT, show_default=True, metavar="NAME", help="Which lab."
)


@click.group("lab")
def command() -> None:
    """Run a Xen host inside QEMU: Debian's control domain with the toolstack `xl`.

    It is emulated, needs no root and no Xen, and is reached through ssh on 127.0.0.1. Guests are
    on its bridge xenbr0, in 10.0.2.0/24.
    """


@command.command("up")
@common
@_name
@click.option(
    "-m",
    "--memory",
    type=int,
    default=lab.MEMORY,
    show_default=True,
    metavar="MIB",
    help="Memory for the host and its guests.",
)
@click.option("-p", "--publish", multiple=True, metavar=_PUBLISH, help="As `fata lab publish`.")
@click.pass_obj
def _up(settings: Settings, name: str, memory: int, publish: tuple[str, ...]) -> None:
    """Start a lab, which runs on until `fata lab down`."""
    forwards = [parse(text, "--publish") for text in publish]
    began = time.monotonic()
    started = lab.up(name, memory, settings.report)
    how = "from its saved state" if started.record.restored else "from nothing"
    seconds = time.monotonic() - began
    settings.report(f"the lab `{name}` is up after {seconds:.1f} s, {how}")
    for forward in forwards:
        settings.report(str(started.publish(forward)))


@command.command("status")
@common
@click.option("--name", metavar="NAME", help="Which lab; otherwise all of them.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def _status(name: str | None, as_json: bool) -> int:
    """Say which labs run; for a lab that is named and does not run, end with exit code 1."""
    found = lab.all_labs() if name is None else (lab.status(name),)
    if as_json:
        rows = [{**asdict(each), "condition": each.condition.value} for each in found]
        click.echo(json.dumps({"schema": 1, "labs": rows}, indent=2))
    else:
        for each in found:
            click.echo(_row(each))
        if not found:
            click.echo("none yet: `fata lab up` makes one", err=True)
    return int(name is not None and found[0].condition is not lab.Condition.RUNNING)


@command.command("ssh", context_settings={"allow_interspersed_args": False})
@common
@_name
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
def _ssh(name: str, arguments: tuple[str, ...]) -> None:
    """Run a command in a lab as root, or a shell, and end with its exit code."""
    terminal = bool(not arguments and os.isatty(0))
    words = lab.find(name).command(arguments, terminal)
    os.execvp(words[0], words)  # noqa: S606 - the terminal and the exit code are its own


@command.command("publish")
@common
@_name
@click.argument("ports", nargs=-1, required=True, metavar=f"{_PUBLISH}...")
def _publish(name: str, ports: tuple[str, ...]) -> None:
    """Make ports of guests ports of 127.0.0.1, while the lab runs.

    8080:10.0.2.20:80 leads port 8080 here to port 80 of the guest with that address; 0 stands for
    any free port.
    """
    forwards = [parse(text, "PORTS") for text in ports]
    found = lab.find(name)
    for forward in forwards:
        click.echo(found.publish(forward))


@command.command("down")
@common
@_name
@click.pass_obj
def _down(settings: Settings, name: str) -> None:
    """End a lab with all its guests. The next start is from nothing that guests have left."""
    lab.down(name, settings.report)
    settings.report(f"the lab `{name}` has ended")


@command.command("reset")
@common
@_name
@click.pass_obj
def _reset(settings: Settings, name: str) -> None:
    """End a lab and forget it: its saved state and its keys."""
    there = lab.reset(name, settings.report)
    settings.report(f"the lab `{name}` {'is forgotten' if there else 'was not there'}")


@command.command("logs")
@common
@_name
def _logs(name: str) -> None:
    """Print what Xen and the control domain of a lab said since its last start."""
    console = Place(name).console
    try:
        with console.open("rb") as file:
            for line in file:
                click.echo(plain(line.rstrip(b"\n")))
    except FileNotFoundError as error:
        raise UserError(
            f"the lab `{name}` was never started",
            None,
            f"start it with `fata lab up --name {name}`",
        ) from error


def _row(each: lab.Status) -> str:
    row = f"{each.name:<16}{each.condition.value}"
    if each.note:
        row += f": {each.note}"
    if each.record is None or each.condition is not lab.Condition.RUNNING:
        return row
    minutes = (time.time() - each.record.since) / 60
    row += (
        f" for {minutes:.0f} min, {each.record.memory} MiB, ssh at 127.0.0.1:{each.record.port},"
        f" QEMU is process {each.record.qemu.pid}"
    )
    return "\n".join((row, *(f"{'':<16}{forward}" for forward in each.record.forwards)))

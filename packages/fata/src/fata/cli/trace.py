"""`fata trace`."""

from __future__ import annotations

import click

from fata.build.prepare import TRACE_FILE
from fata.build.trace import trace
from fata.cli.project import saved_project
from fata.cli.show import count
from functoria.cli.hinted import HintedCommand
from functoria.cli.settings import Settings, common


class Trace(HintedCommand):
    """The command, whose program has arguments of its own."""

    runs = True


@click.command(
    "trace",
    cls=Trace,
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
)
@common
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS]")
@click.pass_obj
def command(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Watch a run of the program on this machine, until it ends or you press ctrl-C.

    What it imported and read goes to fata.trace.json, which later builds take in. Use the program
    as it will be used: what is not used is not seen.
    """
    settings.report("the program runs as a process of this machine: use it, then press ctrl-C")
    seen = trace(saved_project(settings, {"target": "unix"}), arguments, settings.report)
    modules, files = count(len(seen.modules), "module"), count(len(seen.files), "file")
    settings.report(f"{modules}, {files}: {TRACE_FILE}")

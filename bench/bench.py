"""Measure what an image weighs, how soon it answers and what it needs, beside a baseline.

docs/benchmarks.md tells what is measured and how to read it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
from aims import aims
from configurations import configurations
from deploys import deploys
from engine import engine
from results import Machine, Results, save
from starts import starts
from table import text
from variant import copied
from xen import xen

from fata.qemu.machine import PROGRAM, Accelerator
from functoria import UserError
from functoria.cli.show import show_error

OUTPUT = Path(__file__).resolve().parent / "results.json"
SECTIONS = ("starts", "engine", "xen", "xlcfg", "deploys")
KERNELS = ("tiny", "debian")


@click.command()
@click.option("--quick", is_flag=True, help="Few repetitions: to see that it works.")
@click.option("--only", type=click.Choice(SECTIONS), help="One section instead of all.")
@click.option(
    "--kernel",
    "kernels",
    type=click.Choice(KERNELS),
    multiple=True,
    default=KERNELS,
    help="Kernel to start; may be given twice.  [default: both]",
)
@click.option("--output", type=click.Path(path_type=Path), default=OUTPUT, show_default=True)
def main(quick: bool, only: str | None, kernels: tuple[str, ...], output: Path) -> None:
    """Measure, write the results as JSON, and print them as tables."""
    # A start that compiles what it imports measures the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        results = measure(quick, (only,) if only else SECTIONS, kernels)
    except UserError as error:
        show_error(error)
        sys.exit(1)
    save(results, output)
    click.echo(text(results), nl=False)


def measure(quick: bool, sections: tuple[str, ...], kernels: tuple[str, ...]) -> Results:
    """`measure(quick, sections, kernels)` is what was found. Raises `UserError`."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="fata-bench-") as name:
        scratch = Path(name)
        images = tool = guests = texts = load = None
        if "starts" in sections:
            images = starts(kernels, scratch, quick=quick, report=report)
        if "engine" in sections:
            tool = engine(copied(scratch / "engine"), scratch, quick=quick, report=report)
        if "xen" in sections:
            guests = xen(kernels, scratch / "xen", quick=quick, report=report)
        if "xlcfg" in sections:
            texts = configurations(scratch, quick=quick, report=report)
        if "deploys" in sections:
            load = deploys(scratch / "deploys", quick=quick, report=report)
    return Results(
        quick=quick,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(before),
        starts=images,
        aims=aims(images or ()),
        engine=tool,
        xen=guests,
        configurations=texts,
        deploys=load,
    )


def machine(before: float) -> Machine:
    """`machine(before)` is the machine that this runs on; `before` is its load at first."""
    asked = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    return Machine(
        cpus=os.cpu_count() or 1,
        accelerator=Accelerator.TCG.value,
        qemu=asked.stdout.partition("(")[0].replace("emulator version ", "").strip(),
        python=platform.python_version(),
        load=(round(before, 2), round(os.getloadavg()[0], 2)),
    )


def report(text: str) -> None:
    """Show progress."""
    click.echo(f"bench: {text}", err=True)


if __name__ == "__main__":
    main()

"""`fata build`."""

from __future__ import annotations

import time

import click

from fata.cli.project import configured
from fata.cli.show import count, size
from fata.image.manifest import Manifest
from functoria.cli.hinted import HintedCommand
from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import Settings, common


@click.command("build", cls=HintedCommand)
@common
@dry_run_option
@click.pass_obj
def command(settings: Settings, dry_run: bool) -> None:
    """Build what was configured.

    The result lies in dist/NAME-TARGET, with a manifest that says what it is.
    """
    began = time.monotonic()
    project = configured(settings)
    from fata.build.build import planned

    build = planned(project, settings.report)
    carry_out(build.plan, settings, dry_run=dry_run)
    if dry_run:
        return
    for text in summary(build.manifest):
        settings.report(text)
    settings.report(f"built in {time.monotonic() - began:.1f} s: run `fata run`")
    click.echo(project.output)


def summary(made: Manifest) -> tuple[str, ...]:
    """`summary(manifest)` is lines that say what was built."""
    if made.image is None:
        return ()
    kernel, initramfs = made.image.kernel.blob.size, made.image.initramfs.size
    files = count(len(made.files), "file")
    return (
        f"{made.name}: {size(kernel + initramfs)} (kernel {size(kernel)}, "
        f"root {size(initramfs)} of {files}, {size(made.image.unpacked)} unpacked)",
        *(f"not found, and left out: {name}" for name in made.missing[:5]),
    )

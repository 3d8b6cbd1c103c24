"""`fata build`."""

from __future__ import annotations

import time

import click

from functoria.cli.plans import carry_out
from functoria.cli.settings import Settings, common
from fata.cli.show import size
from fata.configure import plan
from fata.image.manifest import Manifest
from functoria import UserError


@click.command("build")
@common
@click.pass_obj
def command(settings: Settings) -> None:
    """Build what was configured.

    The result lies in dist/NAME-TARGET, with a manifest that says what it is.
    """
    began = time.monotonic()
    project = saved_project(settings)
    main = project.generated / "main.py"
    if not main.is_file():
        raise UserError(
            "the project is not configured",
            str(main),
            "run `fata configure` first, with `-t virtio` for a VM",
        )
    carry_out(plan(project), settings)  # config.py may have changed since
    if project.target == "unix":
        from fata.build.unix import build
    else:
        from fata.build.guest import build
    made = build(project, settings.report)
    for text in summary(made):
        settings.report(text)
    settings.report(f"built in {time.monotonic() - began:.1f} s: run `fata run`")
    click.echo(project.output)


def summary(made: Manifest) -> tuple[str, ...]:
    """`summary(manifest)` is lines that say what was built."""
    if made.image is None:
        return ()
    kernel, initramfs = made.image.kernel.blob.size, made.image.initramfs.size
    return (
        f"{made.name}: {size(kernel + initramfs)} (kernel {size(kernel)}, "
        f"root {size(initramfs)} of {len(made.files)} files, {size(made.image.unpacked)} unpacked)",
        *(f"not found, and left out: {name}" for name in made.missing[:5]),
    )

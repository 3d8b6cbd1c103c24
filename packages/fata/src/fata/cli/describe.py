"""`fata describe`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fata.cli.project import project_of
from fata.project import Project
from functoria import UsageError, UserError
from functoria.cli.keyed import KeyedCommand
from functoria.cli.settings import common, settings_of
from functoria.cli.verbs.describe import deliver, form_options, rendered

if TYPE_CHECKING:
    from functoria.picture import Annotations


@click.command("describe", cls=KeyedCommand)
@common
@form_options
@click.option("--image", is_flag=True, help="What is in the image, largest first.")
@click.option("--why", metavar="MODULE", help="Why a module or file is in the image.")
@click.pass_context
def command(
    context: click.Context,
    form: str | None,
    keys: bool,
    every: bool,
    layout: str,
    output: Path | None,
    image: bool,
    why: str | None,
) -> None:
    """Show what a program is made of, and why."""
    if image and why is not None:
        raise UsageError("`--image` and `--why` ask two things", "--why", "ask one at a time")
    if form not in (None, "json") and (image or why is not None):
        what = "--image" if image else "--why"
        raise UsageError(f"`{what}` is text or JSON", f"--{form}", f"leave out `--{form}`")
    project = project_of(context)
    if why is not None:
        text = _why(project, why, as_json=form == "json")
    elif image:
        text = _image(project, as_json=form == "json")
    else:
        text = rendered(
            project,
            form,
            keys=keys,
            every=every,
            layout=layout,
            annotations=lambda: _annotations(project),
        )
    deliver(text, output, form, settings_of(context))


def _annotations(project: Project) -> Annotations:
    from fata.cli.show import size
    from fata.image.annotations import of_devices

    return of_devices(project.graph, project.output, size)


def _image(project: Project, *, as_json: bool) -> str:
    from dataclasses import asdict

    from fata.image.describe import listing
    from fata.image.manifest import read

    made = read(project.output)
    if as_json:
        files = [asdict(record) for record in made.files]
        return json.dumps({"schema": made.schema, "files": files}, indent=2) + "\n"
    return listing(made)


def _why(project: Project, name: str, *, as_json: bool) -> str:
    from fata.build.guest import STARTS
    from fata.build.prepare import prepare

    closure = prepare(project, lambda _text: None, start=STARTS).closure
    chain = closure.why(name)
    if not chain and closure.left_out(name):
        raise UserError(
            f"`{name}` is not in the image",
            "--why",
            f'if the program needs it, add include=["{name}"] to its job in config.py',
        )
    if not chain:
        raise UserError(
            f"there is no `{name}`, neither in the image nor among the modules of this machine",
            "--why",
            "name a module as it is imported, or a file; `fata describe --image` lists the files",
        )
    if as_json:
        return json.dumps({"schema": 1, "name": name, "why": list(chain)}, indent=2) + "\n"
    return "".join(f"{line}\n" for line in chain)

"""`fata describe`."""

from __future__ import annotations

import json

import click

from fata.cli.keys import KeyedCommand, project_of
from fata.cli.settings import common
from fata.project import Project
from functoria import UsageError, UserError, describe


@click.command("describe", cls=KeyedCommand)
@common
@click.option("--dot", "form", flag_value="dot", help="The graph, in the DOT language.")
@click.option("--json", "form", flag_value="json", help="Everything, for machines.")
@click.option("--image", is_flag=True, help="What is in the image, largest first.")
@click.option("--why", metavar="MODULE", help="Why a module or file is in the image.")
@click.pass_context
def command(context: click.Context, form: str | None, image: bool, why: str | None) -> None:
    """Show what a program is made of, and why."""
    if image and why is not None:
        raise UsageError("`--image` and `--why` ask two things", "--why", "ask one at a time")
    if form == "dot" and (image or why is not None):
        raise UsageError("only the graph of devices has a DOT form", "--dot", "leave out `--dot`")
    project = project_of(context)
    if why is not None:
        text = _why(project, why, as_json=form == "json")
    elif image:
        text = _image(project, as_json=form == "json")
    else:
        text = _graph(project, form)
    click.echo(text, nl=False)


def _graph(project: Project, form: str | None) -> str:
    name = project.program.name
    if form == "dot":
        return describe.as_dot(name, project.graph)
    if form == "json":
        return describe.as_json(name, project.graph, project.keys, project.context)
    return describe.as_text(name, project.graph, project.keys, project.context)


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

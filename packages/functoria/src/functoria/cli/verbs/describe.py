"""`describe`: what a program is made of, in words and in pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from functoria import describe
from functoria.action import WriteFile
from functoria.cli.keyed import KeyedCommand, project_of
from functoria.cli.plans import carry_out
from functoria.cli.settings import Settings, common, settings_of
from functoria.error import UsageError, UserError
from functoria.position import from_here
from functoria.project import Project

if TYPE_CHECKING:
    from functoria.picture import Annotations

Command = TypeVar("Command", bound=Callable[..., Any])

FORMS = ("dot", "html", "json", "svg")
LAYOUTS = ("layered", "graphviz")


def form_options(command: Command) -> Command:
    """`form_options(command)` is given `form`, `keys`, `every` and `output`."""
    decorators = [
        click.option("--keys", is_flag=True, help="The keys, and where their values are from."),
        click.option("--json", "form", flag_value="json", help="Everything, for machines."),
        click.option("--dot", "form", flag_value="dot", help="The graph, in the DOT language."),
        click.option("--svg", "form", flag_value="svg", help="The graph as a picture."),
        click.option("--html", "form", flag_value="html", help="A page, with picture and tables."),
        click.option("--all", "every", is_flag=True, help="Branches not taken, too."),
        click.option(
            "--layout",
            type=click.Choice(LAYOUTS),
            default=LAYOUTS[0],
            help="Who arranges pictures: ours is the same everywhere, graphviz needs `dot`.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Write there rather than to standard output.",
        ),
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.command("describe", cls=KeyedCommand)
@common
@form_options
@click.pass_context
def command(
    context: click.Context,
    form: str | None,
    keys: bool,
    every: bool,
    layout: str,
    output: Path | None,
) -> None:
    """Show what a program is made of, and why."""
    project = project_of(context)
    text = rendered(project, form, keys=keys, every=every, layout=layout)
    deliver(text, output, form, settings_of(context))


def rendered(
    project: Project,
    form: str | None,
    *,
    keys: bool,
    every: bool,
    layout: str = LAYOUTS[0],
    annotations: Callable[[], Annotations | None] = lambda: None,
) -> str:
    """`rendered(project, form, ...)` is the description in one of `FORMS`, or as text.

    `annotations()` is what the tool adds to the devices of a picture.
    """
    name, graph = project.program.name, project.graph
    if keys:
        if form not in (None, "json"):
            raise UsageError("keys are shown as text or as JSON", f"--{form}", "leave one out")
        if form == "json":
            rows = [describe.key_data(key, project.context) for key in project.keys]
            return describe.to_json({"schema": describe.SCHEMA, "keys": rows})
        return describe.keys_as_text(project.keys, project.context)
    if form == "json":
        return describe.as_json(name, graph, project.keys, project.context)
    if form is not None:
        return _picture(project, form, every, layout, annotations())
    text = describe.as_text(name, graph, project.keys, project.context)
    return text + (_alternatives(project) if every else "")


def _picture(
    project: Project, form: str, every: bool, layout: str, annotations: Annotations | None
) -> str:
    from functoria import picture

    name, roots = project.program.name, project.program.roots
    graph, keys, context = project.graph, project.keys, project.context
    if form == "dot":
        return picture.as_dot(name, roots, graph, keys, context, all=every)
    way = picture.LAYERED if layout == LAYOUTS[0] else picture.GRAPHVIZ
    if form == "html":
        return picture.as_html(name, roots, graph, keys, context, annotations, layout=way)
    return picture.as_svg(name, roots, graph, keys, context, annotations, all=every, layout=way)


def _alternatives(project: Project) -> str:
    """The choices, each with its ways and which one is taken."""
    choices = describe.choices_as_text(project.program.roots, project.context)
    return f"\n{choices}" if choices else ""


def deliver(text: str, output: Path | None, form: str | None, settings: Settings) -> None:
    """Print the text, or write it to a file that was not there or was written by the tool."""
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
        return
    path = output.absolute()
    if not path.parent.is_dir():
        raise UserError(
            f"there is no directory `{from_here(path.parent)}`", "--output", "make it first"
        )
    head = settings.tool.head("a description of the program")
    carry_out((WriteFile(path, _headed(text, form, head).encode(), settings.tool.mark),), settings)


def _headed(text: str, form: str | None, head: str) -> str:
    """The text with a remark by which a later run knows the file for its own."""
    if form is None:
        return f"{head}\n\n{text}"
    if form == "dot":
        return f"// {head}\n{text}"
    if form == "json":
        return describe.to_json({"about": head, **json.loads(text)})
    first, _, rest = text.partition("\n")
    return f"{first}\n<!-- {head} -->\n{rest}"

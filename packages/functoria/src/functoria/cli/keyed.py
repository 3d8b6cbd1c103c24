"""Keys as options: the command line is parsed twice.

The first time with the keys of all branches, forgiving everything, to read what is said of them and
find out which branches are taken; the second time for good, when only the keys that matter are
options, so that what is wrong with the line is found.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from functoria.cli.astray import Line, astray
from functoria.cli.settings import located, settings_of
from functoria.error import UserError
from functoria.key import Key, Stage, Texts
from functoria.project import Project, Survey, every_key, refuse_unknown, settled, survey
from functoria.tool import Tool

_META = "functoria.keyed"


class KeyedCommand(click.Command):
    """A command that takes the keys of the project as options.

    Its project is `project_of(context)`. With `saved`, the command goes by what the last
    `configure` was told.
    """

    saved = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is said of keys, then parse for good with the keys that matter."""
        ctx.meta[_META] = keyed = _Keyed()
        tool = settings_of(ctx).tool
        helping = ctx.resilient_parsing or bool({"-h", "--help"} & set(args))
        try:
            config = file_of(super().get_params(ctx), self, ctx, args)
            program = tool.evaluate(config)
            every = every_key(tool, program)
            said = said_of_keys(super().get_params(ctx), self, ctx, args, every)
            found = survey(tool, config, program, every, said, os.environ, saved=self.saved)
            if not helping:
                refuse_unknown(found, said)
            keyed.survey = found
            keyed.options = [_option(tool, key) for key in found.live if _configurable(key)]
        except UserError as error:
            if not helping:
                raise
            keyed.trouble = error
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if keyed.survey is None:
                raise (keyed.trouble or error) from None
            line = Line(ctx.command_path, own_options(self.get_params(ctx)), {})
            raise astray(error.option_name, line, keyed.survey) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own options, and the keys."""
        keyed: _Keyed | None = ctx.meta.get(_META)
        return [*super().get_params(ctx), *(keyed.options if keyed else ())]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, and under a heading of their own the keys."""
        keyed: _Keyed = ctx.meta[_META]
        own = [p for p in self.get_params(ctx) if p not in keyed.options]
        for title, parameters in (("Options", own), ("Keys", keyed.options)):
            rows = [row for p in parameters if (row := p.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
        if keyed.trouble is not None:
            formatter.write_paragraph()
            formatter.write_text(f"The keys of the project are not shown: {keyed.trouble}")


class _Keyed:
    """What the first pass found out for the second."""

    def __init__(self) -> None:
        self.survey: Survey | None = None
        self.options: list[click.Option] = []
        self.trouble: UserError | None = None


def project_of(context: click.Context) -> Project:
    """`project_of(context)` is the project, with what the command line says of its keys."""
    keyed: _Keyed = context.meta[_META]
    if keyed.survey is None:
        raise TypeError("the command line was not parsed by a KeyedCommand")
    project = settled(keyed.survey)
    for note in project.notes:
        settings_of(context).note(note)
    return project


def own_options(parameters: Iterable[click.Parameter]) -> tuple[str, ...]:
    """`own_options(parameters)` is how the options among them are called."""
    return tuple(
        name for each in parameters if isinstance(each, click.Option) for name in each.opts
    )


def said_of_keys(
    own: Sequence[click.Parameter],
    command: click.Command,
    ctx: click.Context,
    args: list[str],
    every: Iterable[Key[Any]],
    *,
    letters: bool = False,
) -> dict[str, Texts]:
    """`said_of_keys(own, command, ctx, args, every)` is what the line says of any key.

    It is by option, in whatever branch; options of the command's `own` are not the key's. With
    `letters`, boot arguments are known by theirs, too.
    """
    by_option = {key.option: key for key in every}
    tool = settings_of(ctx).tool
    taken = set(own_options(own))
    options: list[click.Option] = []
    for key in by_option.values():
        if f"--{key.option}" not in taken:
            options.append(_option(tool, key, taken, letter=letters or _configurable(key)))
            taken.update(options[-1].opts)
    found = _forgiving([*options, *own], command, ctx, args)
    said = {}
    for option, key in by_option.items():
        value = found.get(_parameter(key))
        if value is not None:
            said[option] = _texts(value)
    return said


def file_of(
    own: Iterable[click.Parameter], command: click.Command, ctx: click.Context, args: list[str]
) -> Path:
    """`file_of(own, command, ctx, args)` is the configuration that the line names."""
    settings = settings_of(ctx)
    found = _forgiving(own, command, ctx, args).get("file")
    return located(settings.tool, settings.file if found is None else Path(str(found)))


def _configurable(key: Key[Any]) -> bool:
    return key.stage is Stage.CONFIGURE


def _forgiving(
    parameters: Iterable[click.Parameter],
    command: click.Command,
    ctx: click.Context,
    args: list[str],
) -> dict[str, object]:
    """The values that the line gives to the parameters, whatever else it holds."""
    scratch = click.Context(command, info_name=ctx.info_name, parent=ctx.parent)
    scratch.ignore_unknown_options = True
    scratch.resilient_parsing = True  # what lacks its value hides nothing of the rest
    parser = click.Command(command.name, params=list(parameters)).make_parser(scratch)
    try:
        values, _, _ = parser.parse_args(list(args))
    except click.UsageError:
        return {}  # the second pass says it better
    return dict(values)


def _texts(value: object) -> Texts:
    if value is True:
        return ("true",)
    return tuple(value) if isinstance(value, list | tuple) else (str(value),)


def _parameter(key: Key[Any]) -> str:
    """The name of a key among click's parameters: no option of a command is called like it."""
    return f"key_{key.option}".replace("-", "_")


def _option(
    tool: Tool, key: Key[Any], taken: Container[str] = (), *, letter: bool = True
) -> click.Option:
    names = [_parameter(key), f"--{key.option}"]
    if letter and key.short is not None and f"-{key.short}" not in taken:
        names.insert(1, f"-{key.short}")
    return click.Option(
        names,
        metavar=None if key.flag else str(key.converter),
        help=f"{key.doc}. [{_facts(tool, key)}]",
        is_flag=key.flag or None,
        multiple=key.repeated,
        expose_value=False,
        shell_complete=lambda _context, _parameter, begun: [
            CompletionItem(word) for word in key.converter.choices if word.startswith(begun)
        ],
    )


def _facts(tool: Tool, key: Key[Any]) -> str:
    facts = []
    if key.required:
        facts.append("required")
    elif not key.flag:
        facts.append(f"default: {key.shown(key.unsaid)}")
    if key.repeated:
        facts.append("may be repeated")
    return "; ".join((*facts, f"env: {tool.variable(key)}"))

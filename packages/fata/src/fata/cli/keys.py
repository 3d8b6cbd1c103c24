"""Keys as options: the command line is parsed twice.

The first time only to find the configuration and the choices in it, forgiving everything; then
the keys of the branches taken become options like any other, and the line is parsed for good.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from fata.cli.settings import DEFAULT_CONFIG, Settings
from fata.project import Project, choose
from functoria import Key, Program, UsageError, UserError, evaluate
from functoria.key import Stage

_OPTIONS = "fata.key_options"
_PROGRAM = "fata.program"
_TEXTS = "fata.key_texts"


class KeyedCommand(click.Command):
    """A command that takes the keys of the project as options.

    Its project is `project_of(context)`. With `saved`, the command goes by what the last
    `fata configure` was told.
    """

    saved = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse for good, with the options that the first pass found."""
        ctx.meta[_TEXTS] = {}
        asked_for_help = any(word in ("-h", "--help") for word in args)
        config = Path(_peek(args, ("-f", "--file")) or DEFAULT_CONFIG)
        if config.exists() or not asked_for_help:
            program = ctx.meta[_PROGRAM] = evaluate(config)
            project = _forgiving(config, program, args, saved=self.saved)
            ctx.meta[_OPTIONS] = [_option(key) for key in _configurable(project.keys)]
            _refuse_boot_arguments(project, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own options, and the keys."""
        return [*super().get_params(ctx), *ctx.meta.get(_OPTIONS, [])]


def project_of(context: click.Context, *, saved: bool = True) -> Project:
    """`project_of(context)` is the project, with what the command line says of its keys."""
    config = context.ensure_object(Settings).config
    texts: dict[str, str] = context.meta[_TEXTS]
    return choose(config, context.meta[_PROGRAM], texts, os.environ, saved=saved)


def _configurable(keys: Iterable[Key[Any]]) -> list[Key[Any]]:
    return [key for key in keys if key.stage is Stage.CONFIGURE]


def _forgiving(config: Path, program: Program, args: list[str], *, saved: bool) -> Project:
    """The project, with only those words of the line that are certainly choices."""
    texts = {}
    for word in args:
        if word.startswith("--") and word != "--":
            name = word[2:].partition("=")[0]
            text = _peek(args, ("-t", "--target") if name == "target" else (f"--{name}",))
            if text is not None:
                texts[name] = text
    short = _peek(args, ("-t", "--target"))
    if short is not None:
        texts["target"] = short
    for _ in range(len(texts) + 1):
        try:
            return choose(config, program, texts, os.environ, saved=saved)
        except UsageError as error:
            name = str(error.where).removeprefix("--")
            if name not in texts:
                raise
            if error.what.startswith("value of"):
                raise
            del texts[name]
    raise UserError("the options contradict each other", None, "leave some of them out")


def _peek(args: list[str], names: tuple[str, ...]) -> str | None:
    found = None
    for index, word in enumerate(args):
        if word == "--":
            break
        for name in names:
            if word == name and index + 1 < len(args):
                found = args[index + 1]
            elif name.startswith("--") and word.startswith(f"{name}="):
                found = word[len(name) + 1 :]
            elif not name.startswith("--") and word.startswith(name) and len(word) > 2:
                found = word[2:]
    return found


def _refuse_boot_arguments(project: Project, args: list[str]) -> None:
    boot = {key.option for key in project.keys if key.stage is Stage.BOOT}
    for word in args:
        name = word.removeprefix("--").partition("=")[0]
        if word.startswith("--") and name in boot:
            raise UsageError(
                f"`--{name}` is an argument of the program, given when it boots",
                f"--{name}",
                f"give it to `fata run -- --{name}=...`",
            )


def _option(key: Key[Any]) -> click.Option:
    def keep(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.meta[_TEXTS][key.option] = value

    names = [f"--{key.option}"]
    if key.option == "target":
        names.insert(0, "-t")
    default = "unset" if key.default in (None, "") else key.converter.show(key.default)
    return click.Option(
        names,
        metavar=str(key.converter),
        help=f"{key.doc}. [default: {default}]",
        expose_value=False,
        callback=keep,
    )

"""Commands that take no keys, and say where those belong that they are given."""

from __future__ import annotations

import os
from typing import ClassVar

import click

from functoria.cli.astray import Line, astray
from functoria.cli.keyed import file_of, own_options, said_of_keys
from functoria.cli.settings import settings_of
from functoria.project import every_key, survey


class HintedCommand(click.Command):
    """A command of a project whose users often give it options of another.

    One that `runs` the program takes the arguments of that behind `--`.
    """

    runs: ClassVar[bool] = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; of an unknown option it is said to which stage it belongs, if to any.

        What is wrong with the configuration comes first: its keys are not known.
        """
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if ctx.resilient_parsing:
                raise
            own = self.get_params(ctx)
            tool = settings_of(ctx).tool
            config = file_of(own, self, ctx, given)
            program = tool.evaluate(config)
            every = every_key(tool, program)
            found = survey(tool, config, program, every, {}, os.environ)
            said = said_of_keys(own, self, ctx, given, every, letters=True)
            line = Line(ctx.command_path, own_options(own), said, self.runs)
            raise astray(error.option_name, line, found) from None

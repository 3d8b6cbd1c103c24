"""Commands that say where an option belongs which they do not have."""

from __future__ import annotations

from typing import ClassVar

import click

from functoria.error import UsageError


class HintedCommand(click.Command):
    """A command whose users often give it options of something else; `hint` says where they go.

    In it, `{option}` is the option that was given.
    """

    hint: ClassVar[str] = "see the help"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an unknown option is refused with the hint, or with the option that was meant."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            near = [name for name in error.possibilities or () if name[:4] == error.option_name[:4]]
            remedy = self.hint.format(option=error.option_name)
            raise UsageError(
                f"there is no option `{error.option_name}`",
                error.option_name,
                f"did you mean `{near[0]}`? {remedy}" if near else remedy,
            ) from None

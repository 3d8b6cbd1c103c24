"""Logs on the console, and none."""

from __future__ import annotations

from fata.devices.types import LOGS, NAME
from functoria import Converter, Device, Impl, Key, Stage, UserError
from functoria.position import here
from libos.logs import LEVELS, InvalidLevels, levels, parse_levels

_LEVELS = Converter(
    "levels", levels, str, lambda value: isinstance(value, str), reference="libos.logs:levels"
)


def console_logs(*, default: str = "info", name: Impl | None = None) -> Impl:
    """`console_logs()` sends the records of `logging` to the console, filtered by `--logs`.

    `default` is what is logged unless the operator says otherwise, such as
    `"*:info,http:debug"`. With a `name`, from `guest_name()`, each line says whose it is.
    """
    try:
        parse_levels(default)
    except InvalidLevels:
        raise UserError(
            f"`{default}` does not say what is logged",
            here(),
            f"write a level, which is one of {', '.join(LEVELS)}, or `source:level` items, such "
            'as `console_logs(default="*:info,http:debug")`',
        ) from None
    if name is not None and name.impl_type != NAME:
        raise UserError(
            f"the name in the logs must be a `{NAME}`, but this is a `{name.impl_type}`",
            here(),
            "write `console_logs(name=guest_name())`",
        )
    key = Key(
        name="logs",
        short="l",
        converter=_LEVELS,
        default=default,
        doc="what is logged: a level, or source:level items, such as *:info,http:debug; "
        f"levels are {', '.join(LEVELS)}",
        stage=Stage.BOOT,
    )
    keywords: dict[str, object] = {"levels": key}
    if name is not None:
        keywords["name"] = name
    return Device(
        name="logs",
        type=LOGS,
        constructor="libos.logs:ConsoleLogs",
        keywords=keywords,
        doc="log records on the console",
    )


def no_logs() -> Impl:
    """`no_logs()` drops the records of `logging`: the console is the program's own."""
    return Device(
        name="logs", type=LOGS, constructor="libos.no_logs:NoLogs", doc="log records go nowhere"
    )

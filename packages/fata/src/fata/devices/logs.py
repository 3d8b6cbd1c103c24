"""Logs on the console."""

from __future__ import annotations

from fata.devices.types import LOGS
from functoria import STRING, Device, Impl, Key, Stage


def console_logs(*, default: str = "info") -> Impl:
    """`console_logs()` sends the records of `logging` to the console, filtered by `--logs`."""
    levels = Key(
        name="logs",
        converter=STRING,
        default=default,
        doc="what is logged: a level, or source:level items, such as *:info,http:debug",
        stage=Stage.BOOT,
    )
    return Device(
        name="logs",
        type=LOGS,
        constructor="libos.logs:ConsoleLogs",
        keywords={"levels": levels},
        doc="log records on the console",
    )

"""Logs, as a program writes them: by the standard library's `logging`."""

from __future__ import annotations

from typing import Protocol


class Logs(Protocol):
    """Where log records go once the device has started."""

    async def start(self) -> None:
        """Take all records of the standard library's `logging` from now on."""
        ...

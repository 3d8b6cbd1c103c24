"""No logs: records go nowhere."""

from __future__ import annotations

import logging


class NoLogs:
    """`NoLogs()` is a `Logs` that drops every record, so that the console is the program's own."""

    async def start(self) -> None:
        """Drop the records of all loggers from now on."""
        logging.root.handlers[:] = [logging.NullHandler()]
        logging.disable(logging.CRITICAL)

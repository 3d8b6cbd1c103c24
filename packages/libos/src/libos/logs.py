"""Log records on the console, with a level for each source."""

from __future__ import annotations

import logging
import sys
import time

from libos.boot.outcome import BAD_ARGUMENT, Outcome

TYPE_CHECKING = False  # `typing` costs more to import than all of this module

if TYPE_CHECKING:
    from libos.guest_name import GuestName

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "quiet": logging.CRITICAL + 1,
}


class InvalidLevels(Outcome):
    """Text that does not say which sources are logged from which level on: a bad argument."""

    def __init__(self, reason: str) -> None:
        super().__init__(BAD_ARGUMENT, f"boot argument --logs: {reason}")


class ConsoleLogs:
    """`ConsoleLogs(levels, name=name)` writes records to the console, a line each.

    `levels` is a list such as `info` or `*:warning,http:debug`: for each source, which is the
    name of a logger, the level from which its records are shown. A source's level holds for
    those below it, as `http` for `http.access`, unless they have their own; `*` is all others.
    With a `name` each line says whose it is. Raises `InvalidLevels`.
    """

    def __init__(self, levels: str = "info", *, name: GuestName | None = None) -> None:
        self._levels = parse_levels(levels)
        self._name = name

    async def start(self) -> None:
        """Send the records of all loggers to the console."""
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_Formatter(None if self._name is None else self._name.text))
        logging.root.handlers[:] = [handler]
        for source, level in self._levels:
            logging.getLogger(None if source == "*" else source).setLevel(level)


def parse_levels(text: str) -> tuple[tuple[str, int], ...]:
    """`parse_levels(text)` is pairs of a source and a level, `*` first. Raises `InvalidLevels`."""
    try:
        return _levels(text)
    except ValueError as error:
        raise InvalidLevels(str(error)) from None


def levels(text: str) -> str:
    """`levels(text)` is `text`, if `ConsoleLogs` takes it. Raises `ValueError`."""
    _levels(text)
    return text


def _levels(text: str) -> tuple[tuple[str, int], ...]:
    found = {"*": logging.INFO}
    for item in text.split(","):
        source, colon, level = item.strip().rpartition(":")
        if level not in LEVELS or (colon and not source):
            raise ValueError(
                f"`{item}` is not `level` or `source:level`; levels are {', '.join(LEVELS)}"
            )
        found[source or "*"] = LEVELS[level]
    return tuple(found.items())


class _Formatter(logging.Formatter):
    """`2026-11-23 12:00:00.123Z info source: message`, in UTC: a VM has no time zone.

    With a name, it stands before the level.
    """

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self._name = "" if name is None else f"{name} "

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.created))
        level = record.levelname.lower()
        text = (
            f"{stamp}.{int(record.msecs):03}Z {self._name}{level} {record.name}: "
            f"{record.getMessage()}"
        )
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return text

"""Which machine is meant, and what the user wants ssh to be told about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from functoria.error import UsageError

_HOST = r"[A-Za-z0-9_.:%\[\]-]+"
_SHAPE = re.compile(rf"(?!-)(?:[^\s@-][^\s@]*@(?!-))?{_HOST}")


@dataclass(frozen=True, slots=True)
class Destination:
    """`Destination(name, port, identity)` is a machine as ssh(1) knows it.

    `name` is `USER@HOST`, `HOST`, or a name of `~/.ssh/config`; all that is not said here is up
    to that file.
    """

    name: str
    port: int | None = None
    identity: Path | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What ssh is told, as its arguments. Host keys are its own business, always."""
        port = () if self.port is None else ("-o", f"Port={self.port}")
        identity = self.identity
        key = () if identity is None else ("-o", f"IdentityFile={_quoted(identity)}")
        return ("-o", "BatchMode=yes", *port, *key)


def parse_destination(
    text: str, port: int | None, identity: Path | None, where: str = "USER@HOST"
) -> Destination:
    """`parse_destination("admin@web1", None, None)` is that machine.

    `where` is the argument or option that says so. Raises `UsageError`.
    """
    if not _SHAPE.fullmatch(text):
        raise UsageError(
            f"`{text}` is not a machine that ssh can reach",
            where,
            "write `USER@HOST`, or a name of `~/.ssh/config`, where a port can be said, too",
        )
    return Destination(text, port, identity)


def _quoted(path: Path) -> str:
    """The path as a word of ssh_config(5), in which blanks divide and `%` begins a token."""
    text = str(path.expanduser().absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("%", "%%") + '"'

"""What a push wants to change, as githooks(5) says it to `pre-receive`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from functoria.error import UserError

_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs/[^\x00-\x20]+)")
_BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Update:
    """`Update(old, new, ref)` moves a ref from one commit to another; all zeros is none."""

    old: str
    new: str
    ref: str

    @property
    def branch(self) -> str | None:
        """The branch that gets a new commit; `None` for tags, and for one that is deleted."""
        if not self.ref.startswith(_BRANCH) or not self.new.strip("0"):
            return None
        return self.ref.removeprefix(_BRANCH)


def parse(lines: Iterable[str]) -> tuple[Update, ...]:
    """`parse(lines)` is the updates of a push. Raises `UserError` for what git does not send."""
    found = []
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\n"))
        if match is None:
            raise UserError(
                "this is not what git tells its hook `pre-receive`",
                line[:100].strip(),
                "run it from a push, not by hand",
            )
        found.append(Update(*match.groups()))
    return tuple(found)

"""UUIDs, as `uuid_parse(3)` takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xlcfg.specs.flaw import Flaw

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID with its dashes."""

    def flaws(self, key: str, text: str, offset: int) -> list[Flaw]:
        """What is wrong with `text` as the value of `key`."""
        if _UUID.fullmatch(text):
            return []
        return [Flaw(f"`{text}` is no UUID", "make one with uuidgen(1)", offset)]


def flaws(text: str) -> list[Flaw]:
    """What is wrong with a UUID as it is written."""
    return Uuid().flaws("uuid", text, 0)

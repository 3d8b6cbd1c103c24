"""Virtual trusted platform modules: `vtpm` in xl.cfg(5)."""

from __future__ import annotations

from xlcfg.rules import SPEC
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.uuid import Uuid

VTPM = Grammar(
    "a vtpm", (Key("backend", required=True), Key("uuid", Uuid())), Style.PAIR, SPEC
)  # fmt: skip

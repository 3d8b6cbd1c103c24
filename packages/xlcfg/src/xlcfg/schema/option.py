"""An option of xl.cfg(5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlcfg.schema.kinds import Kind


class Guest(Enum):
    """The types of guests."""

    PV = "pv"
    PVH = "pvh"
    HVM = "hvm"


class Architecture(Enum):
    """The machines that Xen runs on, as far as options know them."""

    X86 = "x86"
    ARM = "Arm"


ALL = frozenset(Guest)
PV = frozenset({Guest.PV})
PVH = frozenset({Guest.PVH})
HVM = frozenset({Guest.HVM})

OLDEST = (4, 17)
"""The Xen that the schema starts from, Debian 12's."""

NEWEST = (4, 20)
"""The Xen that it goes up to, Debian 13's."""


@dataclass(frozen=True, slots=True)
class Option:
    """`Option(name, kind, guests, section)` is an option and the guests that `xl` reads it for.

    `section` is where xl.cfg(5) documents it, or `""`: then `xl` reads it all the same. `since`
    is the first Xen that has it. `deprecated` tells what to write instead, `warned` that `xl`
    says so too.
    """

    name: str
    kind: Kind
    section: str
    guests: frozenset[Guest] = ALL
    since: tuple[int, int] = OLDEST
    architecture: Architecture | None = None
    deprecated: str = ""
    warned: bool = False

    @property
    def reference(self) -> str:
        """The manual page and section that documents the option."""
        return f"xl.cfg(5), {self.section}" if self.section else "xl.cfg(5), not documented"

"""Every option of xl.cfg(5): its type, its guests, its place in the manual.

The schema holds what Xen 4.17 documents, what 4.18 to 4.20 add, and the options that `xl` reads
though its manual does not tell.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from xlcfg.schema import devices, emulated, general, guests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlcfg.schema.option import Option

OPTIONS: tuple[Option, ...] = (
    *general.OPTIONS,
    *devices.OPTIONS,
    *guests.OPTIONS,
    *emulated.OPTIONS,
)
"""Every option, in the order of the manual."""

BY_NAME: Mapping[str, Option] = MappingProxyType({option.name: option for option in OPTIONS})
"""Every option by its name."""

__all__ = ["BY_NAME", "OPTIONS"]

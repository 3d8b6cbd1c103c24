"""Which type of guest a configuration is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcfg.schema.option import Guest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlcfg.evaluate import Effective

_TYPES = (("hvm", Guest.HVM), ("pv", Guest.PV), ("pvh", Guest.PVH))
_BUILDERS = (("hvm", Guest.HVM), ("generic", Guest.PV))


def typed(effective: Mapping[str, Effective]) -> Guest | None:
    """The guest that `type` names, or None where it is missing or names none."""
    return _named(effective.get("type"), _TYPES)


def built(effective: Mapping[str, Effective]) -> Guest | None:
    """The guest that the old `builder` names, or None where it is missing or names none."""
    return _named(effective.get("builder"), _BUILDERS)


def guest_of(effective: Mapping[str, Effective]) -> Guest:
    """The guest that a configuration is for: PV where it does not say, as `xl` does on x86."""
    return built(effective) or typed(effective) or Guest.PV


def _named(found: Effective | None, names: tuple[tuple[str, Guest], ...]) -> Guest | None:
    if found is None or found.is_list:
        return None
    text = found.data
    return next((guest for name, guest in names if name.startswith(str(text))), None)

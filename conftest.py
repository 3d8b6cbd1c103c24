"""What all tests share: property tests have no clock, since the machines they run on are shared."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# A shell that starts something in the background has it ignore ctrl-C, and so would its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fata", deadline=None)
settings.load_profile("fata")

_LONG = ("xen", "xl", "debian", "box", "page", "push", "lab")
"""Groups of tests that share a machine and so run one after the other, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long groups begin first: what is short fills the other cores until all end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    mark = item.get_closest_marker("xdist_group")
    group = mark.args[0] if mark else ""
    return _LONG.index(group) if group in _LONG else len(_LONG)

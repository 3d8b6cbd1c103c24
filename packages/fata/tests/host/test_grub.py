"""Which entry of its menu GRUB starts: the menu is one that Debian wrote after Xen came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.host.grub import boots_xen, dom0_memory, settings

from .hosts import recorded

MENU = recorded("grub").splitlines()
XEN = "Debian GNU/Linux, with Xen hypervisor"
IDENTITY = "xen-gnulinux-simple-b024271c-700d-4302-bd4b-846071d378af"


def test_the_menu_that_setup_leaves() -> None:
    assert f'   set default="{XEN}"' in MENU
    assert boots_xen(MENU)


@pytest.mark.parametrize(
    ("default", "xen"),
    [
        ("0", False),
        ("1", False),
        ("2", True),
        (IDENTITY, True),
        ("Debian GNU/Linux", False),
        ("no such entry", False),
    ],
)
def test_other_defaults(default: str, xen: bool) -> None:
    entries = [line for line in MENU if "default" not in line]
    assert boots_xen([f'set default="{default}"', *entries]) is xen


def test_the_entry_of_one_start_is_not_the_default() -> None:
    assert boots_xen(['set default="${next_entry}"', *MENU])


def test_no_menu() -> None:
    assert not boots_xen(())


@given(st.lists(st.text()))
def test_hostile_menus(lines: list[str]) -> None:
    assert boots_xen(lines) in (True, False)


@given(st.integers(1, 999_999_999))
def test_what_was_written_is_read(memory: int) -> None:
    assert dom0_memory(settings(memory)) == memory

"""Addresses in the lab: the same for the same guest, and never one that is in use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fata.image.manifest import ArgumentRecord
from fata.xen.addresses import Address, choose, words_of
from functoria import UserError

from .test_guest import MADE

TAKES = replace(
    MADE,
    arguments=tuple(
        ArgumentRecord(f"{name}-{word}", "str", None, "")
        for name in ("public", "office")
        for word in ("ipv4", "ipv4-gateway", "dns")
    ),
)


def test_an_address_and_its_hardware_address_belong_together() -> None:
    assert (Address(100).ipv4, Address(100).mac) == ("10.0.2.100", "00:16:3e:fa:7a:64")


def test_a_guest_has_the_same_addresses_each_time_unless_they_are_in_use() -> None:
    first = choose(MADE, "")
    assert first == choose(MADE, "mac = 52:54:00:fa:7a:00")
    assert len({*first.values()}) == 2
    store = f'/local/domain/0/backend/vif/3/0/mac = "{first["public"].mac}"'
    second = choose(MADE, store)
    assert second["public"] != first["public"]


def test_a_full_network_is_said() -> None:
    store = "\n".join(Address(number).mac for number in range(256))
    with pytest.raises(UserError, match="no address left for `public`"):
        choose(MADE, store)


def test_the_stacks_are_told_and_one_way_leads_out() -> None:
    chosen = {"public": Address(100), "office": Address(101)}
    assert words_of(TAKES, chosen, ()) == (
        "--public-ipv4=10.0.2.100/24",
        "--public-ipv4-gateway=10.0.2.2",
        "--public-dns=10.0.2.3",
        "--office-ipv4=10.0.2.101/24",
    )
    assert words_of(TAKES, chosen, ("--public-ipv4=dhcp",)) == ("--office-ipv4=10.0.2.101/24",)
    assert words_of(MADE, chosen, ()) == ()

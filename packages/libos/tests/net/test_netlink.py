"""Netlink's attributes, and the kernel's own answers to requests that change nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.net.error import InterfaceMissingError
from libos.net.link import Link, find_link, list_links, wait_for_link
from libos.net.netlink import Netlink, attribute, attributes


@given(st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=40)))
def test_attributes_are_read_back_as_they_were_written(values: dict[int, bytes]) -> None:
    data = b"".join(attribute(kind, value) for kind, value in values.items())
    assert len(data) % 4 == 0
    assert attributes(data) == values


@given(st.binary(max_size=200))
def test_any_bytes_have_attributes(data: bytes) -> None:
    assert sum(map(len, attributes(data).values())) <= len(data)


def test_every_machine_has_a_loopback_interface_first() -> None:
    with Netlink() as netlink:
        first = list_links(netlink)[0]
        assert first == find_link(netlink, "lo")
    assert (first.index, first.name, first.loopback, first.mac) == (1, "lo", True, bytes(6))


def test_the_kernel_refuses_with_its_own_error_number() -> None:
    with Netlink() as netlink, pytest.raises(OSError, match="Operation not supported") as raised:
        netlink.change(0x3FFF, b"")
    assert raised.value.errno == 95


def test_a_missing_interface_is_named_with_what_there_is_instead() -> None:
    async def wait() -> Link:
        with Netlink() as netlink:
            return await wait_for_link(netlink, "absent0", 0.05)

    with pytest.raises(InterfaceMissingError) as raised:
        asyncio.run(wait())
    assert raised.value.what.startswith("network interface `absent0` did not appear within 0.05 s")
    assert raised.value.where == "--interface=absent0"


def test_links_are_values() -> None:
    link = Link(2, "eth0", b"\x52\x54\0\0\0\1", 1500, up=False, loopback=False)
    same = Link(2, "eth0", b"\x52\x54\0\0\0\1", 1500, up=False, loopback=False)
    assert link == same
    assert hash(link) == hash(same)
    assert link != "eth0"
    assert repr(link).startswith("Link(index=2, loopback=False, mac=")

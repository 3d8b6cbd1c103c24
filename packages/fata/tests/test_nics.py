"""Interfaces of a run: what each is joined to, and which ports lead to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fata.image.manifest import ArgumentRecord, NetworkDevice
from fata.nics import (
    Attachment,
    addresses_of,
    check_taps,
    parse_attachments,
    parse_publications,
    plan_nics,
    words_of,
)
from fata.qemu.machine import TapNic, UserNic
from functoria import UsageError, UserError

from .test_run import MADE

NAMES = ("front", "back", "net")
TWO = replace(
    MADE,
    network=tuple(NetworkDevice(number, name) for number, name in enumerate(NAMES)),
    arguments=tuple(
        ArgumentRecord(f"{group}{name}", "str", None, "")
        for group in ("front-", "back-", "")
        for name in ("ipv4", "ipv4-gateway", "dns")
    ),
)


def planned(*texts: str, publish: tuple[str, ...] = ()) -> tuple[UserNic | TapNic, ...]:
    return plan_nics(TWO, parse_attachments(texts), parse_publications(publish))


def test_each_has_a_network_and_an_address_of_its_own() -> None:
    nics = planned()
    assert [nic.mac for nic in nics] == [f"52:54:00:fa:7a:0{number}" for number in range(3)]
    assert [nic.subnet for nic in nics if isinstance(nic, UserNic)] == [2, 3, 4]
    assert words_of(TWO, nics)[1] == "fata.nic=back,52:54:00:fa:7a:01"


def test_their_addresses_are_said_by_the_names_of_the_stacks_and_one_way_leads_out() -> None:
    assert addresses_of(TWO, planned(), ()) == (
        "--front-ipv4=10.0.2.15/24",
        "--front-ipv4-gateway=10.0.2.2",
        "--front-dns=10.0.2.3",
        "--back-ipv4=10.0.3.15/24",
        "--ipv4=10.0.4.15/24",
    )


@pytest.mark.parametrize("given", [["--back-ipv4=dhcp"], ["--back-ipv4", "dhcp"]])
def test_what_the_operator_says_of_one_leaves_the_others(given: list[str]) -> None:
    words = addresses_of(TWO, planned(), given)
    assert "--front-ipv4=10.0.2.15/24" in words
    assert not [word for word in words if word.startswith("--back-")]


def test_a_tap_device_has_an_address_of_its_own_at_every_run() -> None:
    first, second = planned("front=tap:tap0")[0], planned("front=tap:tap1")[0]
    assert isinstance(first, TapNic)
    assert (first.interface, first.mac[:9]) == ("tap0", "52:54:00:")
    assert planned("front=tap:tap0")[0] == first
    assert second.mac != first.mac
    assert planned("front=tap:tap0,mac=52:54:00:00:00:0A")[0].mac == "52:54:00:00:00:0a"
    assert not any("front" in word for word in addresses_of(TWO, planned("front=tap:tap0"), ()))


def test_ports_lead_to_the_interface_that_they_name_and_else_to_the_first() -> None:
    nics = planned(publish=("8080:80", "back/8081:80", "net/127.0.0.2:5353:53/udp"))
    ports = [[str(port) for port in nic.publish] for nic in nics if isinstance(nic, UserNic)]
    assert ports == [
        ["127.0.0.1:8080:80/tcp"],
        ["127.0.0.1:8081:80/tcp"],
        ["127.0.0.2:5353:53/udp"],
    ]


@pytest.mark.parametrize(
    ("texts", "publish", "message"),
    [
        (("front",), (), "`front` does not say what"),
        (("front=bridge:br0",), (), "does not say what"),
        (("front=tap:tap0,mac=53:54:00:00:00:01",), (), "not the hardware address"),
        (("front=tap:tap0,mac=5",), (), "not the hardware address"),
        (("front=user", "front=tap:tap0"), (), "joined to two networks"),
        (("side=user",), (), "web has no interface `side`"),
        (("front=tap:tap0", "back=tap:tap0"), (), "two interfaces are joined to the TAP device"),
        (("front=tap:a,mac=52:54:00:fa:7a:01",), (), "two interfaces have the hardware address"),
        (("front=tap:tap0",), ("8080:80",), "port 80 cannot be published: `front` is on the TAP"),
        ((), ("side/8080:80",), "web has no interface `side`"),
        ((), ("front/8080:80", "back/8080:80"), "is published twice"),
        ((), ("front/80",), "`80` is not a published port"),
    ],
)
def test_what_does_not_fit_is_refused(
    texts: tuple[str, ...], publish: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        planned(*texts, publish=publish)


def test_a_tap_device_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "eth9").mkdir()
    (tmp_path / "tap0").mkdir()
    (tmp_path / "tap0" / "tun_flags").write_text("0x1002\n")
    check_taps(planned("front=tap:tap0"), tmp_path)
    for name, what in (("tap1", "is not there"), ("eth9", "is no TAP device")):
        with pytest.raises(UserError, match=f"the TAP device `{name}` {what}"):
            check_taps(planned(f"front=tap:{name}"), tmp_path)


def test_a_program_without_a_network_joins_none() -> None:
    with pytest.raises(UsageError, match="has no network, so that no interface can be joined"):
        plan_nics(replace(MADE, network=()), (Attachment("front"),), ())

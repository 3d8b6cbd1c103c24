"""Published ports: how they are written, chosen and refused."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fata.qemu.publish import Protocol, Publish, assign, parse, parse_all, unavailable
from functoria.error import UsageError, UserError

PORTS = st.builds(
    Publish,
    st.ip_addresses(v=4).map(str),
    st.integers(0, 65535),
    st.integers(1, 65535),
    st.sampled_from(Protocol),
)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("8080:80", Publish("127.0.0.1", 8080, 80)),
        ("8080:80/tcp", Publish("127.0.0.1", 8080, 80)),
        ("53:53/udp", Publish("127.0.0.1", 53, 53, Protocol.UDP)),
        ("0:80", Publish("127.0.0.1", 0, 80)),
        ("0.0.0.0:8080:80", Publish("0.0.0.0", 8080, 80)),
        ("localhost:8080:80", Publish("127.0.0.1", 8080, 80)),
        ("192.168.1.4:53:53/udp", Publish("192.168.1.4", 53, 53, Protocol.UDP)),
    ],
)
def test_the_forms(text: str, port: Publish) -> None:
    assert parse(text) == port


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "`` is not a published port"),
        ("80", "`80` is not a published port"),
        ("8080:", "`8080:` is not a published port"),
        ("8080:80/", "`8080:80/` is not a published port"),
        ("8080:80\n", "`8080:80\n` is not a published port"),
        ("8080:80,hostfwd=", "`8080:80,hostfwd=` is not a published port"),
        ("65536:80", "`65536` in `65536:80` is not a port number"),
        ("80:0", "`0` in `80:0` is not a port number"),
        ("8080:80/sctp", "`sctp` in `8080:80/sctp` is not a protocol that can be published"),
        ("example.org:80:80", "`example.org` in `example.org:80:80` is not an IPv4 address"),
        ("[::1]:80:80", "`[::1]:80:80` names an IPv6 address, and QEMU forwards IPv4 only"),
        ("٨٠:80", "`٨٠:80` is not a published port"),
    ],
)
def test_a_mistake_names_the_option(text: str, what: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text, "-p")
    assert raised.value.what == what
    assert raised.value.where == "-p"
    assert raised.value.do


@given(PORTS)
def test_a_port_reads_back_as_itself(port: Publish) -> None:
    assert parse(str(port)) == port


@given(st.text() | st.from_regex(r"[0-9.:/a-z,-]*", fullmatch=True))
@example("1:1:1:1")
def test_any_text_is_a_port_or_a_usage_error(text: str) -> None:
    try:
        port = parse(text)
    except UsageError:
        return
    IPv4Address(port.address)
    assert 0 <= port.host <= 65535
    assert 1 <= port.guest <= 65535


def test_a_place_is_published_once() -> None:
    assert len(parse_all(["80:80", "80:80/udp", "127.0.0.2:80:80", "0:1", "0:1"])) == 5
    with pytest.raises(UsageError, match=r"`127\.0\.0\.1:80/tcp` is published twice"):
        parse_all(["80:80", "127.0.0.1:80:81"])


def test_zero_becomes_a_free_port() -> None:
    ports = assign(parse_all(["0:80", "0:80", "0:53/udp"]))
    assert all(port.host for port in ports)
    assert ports[0].host != ports[1].host
    for port in ports[:2]:
        with socket.create_server((port.address, port.host)):
            pass


def test_a_port_in_use_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError) as raised:
            assign(parse_all([f"{port}:80"]))
    assert f"port `127.0.0.1:{port}/tcp` is already in use by `" in raised.value.what
    assert f"(process {os.getpid()})" in raised.value.what
    assert "`127.0.0.1:0:80`" in raised.value.do


def test_a_udp_port_in_use_names_its_holder() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=rf"in use by .*process {os.getpid()}"):
            assign(parse_all([f"{port}:53/udp"]))


def test_an_address_of_another_machine() -> None:
    with pytest.raises(UserError, match=r"`192\.0\.2\.1` is not an address of this machine"):
        assign(parse_all(["192.0.2.1:0:80"]))


def test_a_privileged_port() -> None:
    error = unavailable(Publish("127.0.0.1", 80, 80), 13)
    assert str(error) == (
        "port `127.0.0.1:80/tcp` may only be opened by root (at --publish);"
        " publish a port above 1023, for instance `8080:80`"
    )

"""Published ports, as they are written."""

from __future__ import annotations

import pytest

from fata.lab import Forward
from fata.lab.forward import parse
from functoria.error import UsageError


@pytest.mark.parametrize(
    ("text", "forward"),
    [
        ("8080:10.0.2.20:80", Forward(8080, "10.0.2.20", 80)),
        ("0:10.0.2.15:53/udp", Forward(0, "10.0.2.15", 53, "udp")),
    ],
)
def test_a_port_of_a_guest(text: str, forward: Forward) -> None:
    assert parse(text, "--publish") == forward


@pytest.mark.parametrize(
    "text",
    [
        "8080:80",
        "8080:10.0.2.20",
        "8080:10.0.2.20:0",
        "65536:10.0.2.20:80",
        "80:10.0.2.256:80",
        "80:192.168.0.1:80",
        "80:10.0.2.20:80/icmp",
        "127.0.0.1:80:10.0.2.20:80",
    ],
)
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text, "--publish")
    assert error.value.where == "--publish"
    assert "10.0.2." in error.value.do


def test_a_publication_says_where_it_leads() -> None:
    shown = str(Forward(8080, "10.0.2.20", 80))
    assert shown == "127.0.0.1:8080 leads to 10.0.2.20:80/tcp"

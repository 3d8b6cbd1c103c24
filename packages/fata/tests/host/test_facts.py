"""What a host is, out of what its programs print; and that nothing it prints does harm."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from ipaddress import IPv4Interface, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.host import facts
from fata.host.facts import NotUnderstoodError, Status, Unit

from .hosts import fresh_facts, recorded


def test_a_fresh_debian() -> None:
    found = fresh_facts()
    system = found.system
    assert (system.distribution, system.release, system.init) == ("debian", "12", "systemd")
    assert system.name == "Debian GNU/Linux 12 (bookworm)"
    assert (system.kernel, system.memory) == ("6.1.0-56-amd64", 2012356 * 1024)
    assert system.virtualisation
    unset = (system.under_xen, system.dom0, system.secure_boot, system.boots_xen, system.forwarding)
    assert not any(unset)
    assert system.files == {}
    assert found.login == facts.Login("admin", 1000, frozenset({"admin"}))
    assert found.packages.architecture == "amd64"
    assert found.packages.broken == ()
    assert found.packages.installed["grub-pc"] == "2.06-13+deb12u2"
    assert found.network.addresses["enp0s2"] == (IPv4Interface("10.0.2.15/24"),)
    assert found.network.routes == (IPv4Network("10.0.2.0/24"),)
    assert found.units["fata-network-qemu.service"] == Unit(enabled=False, active=False)
    assert found.status == {"/dev/kvm": Status(0o660, "root")}
    assert found.free == {"/": 3440607232}


@pytest.mark.parametrize(
    ("line", "installed", "broken"),
    [
        ("ii  bash 5.2 amd64", True, False),
        ("hi  bash 5.2 amd64", True, False),  # held at its version by the administrator
        ("rc  bash 5.2 amd64", False, False),  # removed; its settings are left
        ("un  bash 5.2 amd64", False, False),
        ("iU  bash 5.2 amd64", False, True),
        ("iF  bash 5.2 amd64", False, True),
        ("iHR bash 5.2 amd64", False, True),
        ("iiR bash 5.2 amd64", False, True),
    ],
)
def test_packages_that_are_half_installed(line: str, installed: bool, broken: bool) -> None:
    found = facts.parse_packages(f"ii  dpkg 1.21 amd64\n{line}\n")
    assert ("bash" in found.installed, "bash" in found.broken) == (installed, broken)


def test_secure_boot_is_the_last_byte_of_its_variable() -> None:
    path = facts.SECURE_BOOT
    on = facts.parse_texts(f"/proc/meminfo:MemTotal: 9 kB\n{path}:\x06\0\0\0\x01\n")
    off = facts.parse_texts(f"/proc/meminfo:MemTotal: 9 kB\n{path}:\x06\0\0\0\0\n")
    assert facts.parse_system(on).secure_boot
    assert not facts.parse_system(off).secure_boot


def test_what_a_host_says_does_not_reach_the_terminal_as_it_is() -> None:
    lines = "/proc/meminfo:MemTotal: 9 kB\n/etc/os-release:PRETTY_NAME=\x1b[2J\x07evil\u202e\n"
    assert facts.parse_system(facts.parse_texts(lines)).name == "?[2J?evil?"


PARSERS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("files", lambda text: facts.parse_system(facts.parse_texts(text))),
    ("dpkg", facts.parse_packages),
    ("address", lambda text: facts.parse_network(text, "[]")),
    ("route", lambda text: facts.parse_network("[]", text)),
    ("units", facts.parse_units),
    ("stat", facts.parse_status),
    ("df", facts.parse_free),
    ("id", lambda text: facts.parse_login(text, "0", text)),
    ("id", lambda text: facts.parse_login("root", text, text)),
)


@pytest.mark.parametrize(("name", "parse"), PARSERS)
@given(data=st.data())
def test_hostile_answers(name: str, parse: Callable[[str], object], data: st.DataObject) -> None:
    honest = recorded(name)
    begin = data.draw(st.integers(0, len(honest)))
    end = data.draw(st.integers(begin, len(honest)))
    hostile = data.draw(st.text() | st.sampled_from(["[" * 5000, "9" * 5000, "\0", "٣", "\x1b"]))
    with contextlib.suppress(NotUnderstoodError):
        parse(honest[:begin] + hostile + honest[end:])

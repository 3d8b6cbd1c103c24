"""Hosts that go wrong half-way: what is said, and what stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from fata.host import apt, setup
from fata.host.connection import Connection
from fata.host.destination import Destination
from fata.host.kind import Kind, Wishes
from fata.host.perform import perform
from fata.host.probe import as_root, gather
from fata.host.steps import InstallPackages, RunCommand, WriteFile
from functoria import UserError

from .hosts import Answer, FakeHost, fresh_answers

LOCKED = (
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 612 (apt-get)\n"
    "E: Unable to lock directory /var/lib/apt/lists/\n"
)
APT = "env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l LC_ALL=C.UTF-8 apt-get"
QEMU = Wishes(Kind.QEMU)


def silent(_: str) -> None:
    """A report that nobody reads."""


@pytest.fixture
def connection(host: FakeHost) -> Iterator[Connection]:
    with Connection(Destination("admin@web1")) as connection:
        yield connection


def test_without_sudo(host: FakeHost, connection: Connection) -> None:
    refusal: Answer = (1, "", "sudo: a password is required\n")
    host.answers({**fresh_answers(), "true": refusal})
    with pytest.raises(UserError, match=r"admin cannot become root .* a password is required"):
        gather(connection)


def test_root_needs_no_sudo(host: FakeHost, connection: Connection) -> None:
    root: dict[str, Answer] = {"id -un": (0, "root", ""), "id -u": (0, "0", "")}
    host.answers({**fresh_answers(), **root})
    assert gather(connection).login.user == "root"
    assert not any(line.startswith("sudo") for line in host.log)


def test_who_may_become_root_is_asked_once(host: FakeHost) -> None:
    destination = Destination(f"admin@{uuid.uuid4()}")
    for asked in (["id -un", "id -u", "id -Gn", "sudo -n -- true"], []):
        before = len(host.log)
        with Connection(destination) as connection:
            as_root(connection)
            assert connection.become == ("sudo", "-n", "--")
        assert host.log[before:] == asked


def test_no_debian(host: FakeHost, connection: Connection) -> None:
    gone: Answer = (127, "", "sh: dpkg-query: not found\n")
    host.answers({**fresh_answers(), "dpkg-query": gone})
    with pytest.raises(UserError, match="web1 is no Debian system: `dpkg-query` does not say"):
        gather(connection)


def test_looking_changes_nothing(host: FakeHost, connection: Connection) -> None:
    setup.look(connection, QEMU, silent)
    programs = {
        line.removeprefix("sudo -n -- ").removeprefix("env LC_ALL=C.UTF-8 ").split()[0]
        for line in host.log
    }
    asked = {"id", "true", "grep", "dpkg-query", "ip", "systemctl", "stat", "df", "printenv"}
    assert programs == {*asked, "/usr/sbin/sshd"}


def test_apt_that_is_in_use_is_waited_for(host: FakeHost, connection: Connection) -> None:
    host.answers({APT: (100, "", LOCKED)})
    waits: list[float] = []
    said: list[str] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            host.answers({})

    apt.install(connection, ("nftables",), said.append, sleep)
    assert said == ["another apt is at work there; waiting for it"]
    assert len(waits) == 2
    assert host.log[-1].endswith("install --no-install-recommends nftables")


def test_apt_that_is_in_use_for_ever(host: FakeHost, connection: Connection) -> None:
    host.answers({APT: (100, "", LOCKED)})
    waits: list[float] = []
    with pytest.raises(UserError, match="in use by another program, for more than 180 s"):
        apt.install(connection, ("nftables",), silent, waits.append)
    assert sum(waits) == apt.LOCK_SECONDS


def test_apt_that_cannot_fetch(host: FakeHost, connection: Connection) -> None:
    host.answers({APT: (100, "", "W: slow\nE: Failed to fetch http://deb/x  404\nE: Some\n")})
    with pytest.raises(UserError, match=r"`apt-get update` failed on .*: Failed to fetch"):
        apt.install(connection, ("nftables",), silent)


STEPS = (
    WriteFile("/etc/fata/x.nft", "table x\n", "at once"),
    InstallPackages(("nftables",)),
    RunCommand(("update-grub",), "have GRUB start Xen"),
)


def test_the_steps_as_commands(host: FakeHost, connection: Connection) -> None:
    perform(connection, STEPS, silent)
    options = "-q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
    assert host.log == [
        "install -D -m 0644 /dev/stdin /etc/fata/x.nft.fata-new",
        "sync /etc/fata/x.nft.fata-new",
        "mv -T /etc/fata/x.nft.fata-new /etc/fata/x.nft",
        f"{APT} {options} update",
        f"{APT} {options} install --no-install-recommends nftables",
        "update-grub",
    ]
    assert host.sent == "table x\n"


def test_a_file_that_is_refused_is_taken_away_again(host: FakeHost, connection: Connection) -> None:
    refusal: Answer = (255, "", "/etc/ssh/sshd_config line 3: Bad configuration option: Prot\n")
    host.answers({"/usr/sbin/sshd -t": refusal})
    check = ("/usr/sbin/sshd", "-t")
    steps = (
        WriteFile("/etc/ssh/x.conf", "ExposeAuthInfo yes\n", "at once", check=check),
        RunCommand(("systemctl", "reload", "ssh.service"), "have sshd read it"),
    )
    with pytest.raises(UserError, match=r"refuses /etc/ssh/x\.conf, which was taken away again"):
        perform(connection, steps, silent)
    assert host.log[-3:] == [
        "mv -T /etc/ssh/x.conf.fata-new /etc/ssh/x.conf",
        "/usr/sbin/sshd -t",
        "rm -f /etc/ssh/x.conf",
    ]


def test_a_connection_lost_half_way(host: FakeHost, connection: Connection) -> None:
    host.answers({"sync": None})
    said: list[str] = []
    with pytest.raises(UserError, match="the connection to admin@web1 was lost") as caught:
        perform(connection, STEPS, said.append)
    assert caught.value.do.endswith("it goes on where it ended (0 of 3 steps are done)")
    assert said[-1] == "1/3 write /etc/fata/x.nft (8 bytes), at once"


def test_a_step_that_fails(host: FakeHost, connection: Connection) -> None:
    host.answers({"update-grub": (1, "", "grub-probe: error: no such disk.\n")})
    with pytest.raises(UserError, match=r"`update-grub` failed on .*: grub-probe: error"):
        perform(connection, STEPS, silent)


def test_a_step_without_effect(host: FakeHost, connection: Connection) -> None:
    """The host says that all went well, and is the same as before."""
    found = setup.look(connection, QEMU, silent)
    with pytest.raises(UserError, match="a step had no effect on admin@web1: install qemu"):
        setup.carry_out(connection, found, QEMU, silent)


def test_a_host_that_does_not_come_back(
    host: FakeHost, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "REBOOT_SECONDS", 0.0)
    with pytest.raises(UserError, match="has not come back within 0 minutes"):
        setup.reboot(connection, "before", silent)


def test_a_host_that_comes_back(host: FakeHost, connection: Connection) -> None:
    host.answers({"systemctl reboot": None, "cat": (0, "before\n", "")})
    said: list[str] = []

    def sleep(_: float) -> None:
        host.answers({"cat": (0, "after\n", "")})

    setup.reboot(connection, "before", said.append, sleep)
    assert said == ["rebooting admin@web1", "admin@web1 is back"]

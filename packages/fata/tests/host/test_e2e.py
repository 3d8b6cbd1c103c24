"""A real Debian machine becomes a host: first with QEMU, then with Xen, which it then boots.

The machine starts from its disk by GRUB, has systemd, sshd and a user with sudo, and takes its
packages from a disk: it has no network but the way in.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import Machine, running

ROOT = Path(__file__).parents[4]
GUEST_SECONDS = 300

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(2400),
    pytest.mark.xdist_group("debian"),
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("debian")) as machine:
        yield machine


def found(machine: Machine) -> dict[str, str]:
    """The states of what `fata doctor` looks at."""
    done = machine.fata("doctor", "--host", "debian", "--json")
    rows = json.loads(done.out)["findings"]
    assert done.code == int(any(row["state"] == "fail" for row in rows))
    return {row["name"]: row["state"] for row in rows}


def a_key_that_the_host_does_not_accept(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other))
    subprocess.run(command, check=True)
    machine.configure(other)
    done = machine.fata("host", "setup", "debian", "--dry-run")
    assert done.err.startswith("error: debian does not accept your key\n")
    machine.configure(machine.room.parent / "nothing")
    # `--identity` names the right one.
    key = str(machine.key)
    assert machine.fata("host", "setup", "debian", "--dry-run", "-i", key).code == 0
    machine.configure(machine.key)


def host_keys_are_never_accepted_unseen(machine: Machine) -> None:
    machine.knows("")
    unknown = machine.fata("doctor", "--host", "debian")
    machine.knows(Path(f"{machine.key}.pub").read_text())
    changed = machine.fata("doctor", "--host", "debian")
    machine.knows(machine.host_key)
    assert unknown.err.startswith("error: the host key of debian is not known yet\n")
    assert changed.err.startswith("error: the host key of debian is not the one that was known\n")


def nothing_listens_on_that_port(machine: Machine) -> None:
    done = machine.fata("doctor", "--host", "debian", "--port", "1")
    assert done.err.startswith("error: debian cannot be reached: nothing listens for ssh there\n")


def a_dry_run_does_nothing(machine: Machine) -> None:
    done = machine.fata("host", "setup", "debian", "--kind", "xen", "--dry-run")
    assert done.out.splitlines()[0].startswith("write /etc/default/grub.d/fata.cfg")
    assert machine.ssh("ls /etc/default/grub.d/fata.cfg /var/lib/fata").code != 0


def a_host_with_qemu(machine: Machine) -> None:
    listening = machine.ssh("ss -Hltun | sort").out
    first = machine.fata("host", "setup", "debian")
    assert (first.code, first.out) == (0, ""), first.err
    assert first.err.endswith("debian is set up\n")
    again = machine.fata("host", "setup", "debian")
    assert again.err.splitlines()[1:] == ["  nothing to do"]
    assert machine.fata("host", "setup", "root@debian").err.endswith("  nothing to do\n")
    assert set(found(machine).values()) == {"ok"}
    assert machine.ssh("ss -Hltun | sort").out == listening
    assert machine.ssh("sudo stat -c '%a %U' /var/lib/fata{,/keys,/build}").out.split() == [
        *("751", "root", "700", "root", "700", "fata-build")
    ]
    assert machine.ssh("test -w /dev/kvm && qemu-system-x86_64 --version").code == 0
    assert "masquerade" in machine.ssh("sudo nft list table ip fata_fata0").out
    assert machine.ssh("cat /proc/sys/net/ipv4/ip_forward").out == "1\n"
    assert machine.ssh("cat $SSH_USER_AUTH").out.startswith("publickey ssh-ed25519 ")
    libvirt = machine.fata("host", "setup", "debian", "--driver", "libvirt", "--dry-run").out
    assert libvirt.startswith("install libvirt-daemon-system, libvirt-daemon-driver-qemu, ")
    assert "write /var/lib/fata/host.toml (82 bytes), at once" in libvirt


def a_guest_reaches_its_host_over_the_bridge(machine: Machine) -> None:
    for command in (
        "netns add guest",
        "link add guest0 type veth peer name eth0 netns guest",
        "link set guest0 master fata0 up",
        "-n guest address add 10.77.0.2/24 dev eth0",
        "-n guest link set eth0 up",
        "-n guest route add default via 10.77.0.1",
    ):
        assert machine.ssh(f"sudo ip {command}").code == 0, command
    banner = "sudo ip netns exec guest bash -c 'read -r x </dev/tcp/10.77.0.1/22; echo $x'"
    assert machine.ssh(banner).out.startswith("SSH-2.0")
    machine.ssh("sudo ip netns delete guest")


def what_someone_else_wrote_is_left_alone(machine: Machine) -> None:
    path = "/etc/default/grub.d/fata.cfg"
    machine.ssh(f"echo GRUB_TIMEOUT=7 | sudo tee {path}")
    done = machine.fata("host", "setup", "debian", "--kind", "xen")
    assert f"error: {path} on the host was not written by fata" in done.err
    assert machine.ssh(f"cat {path}; sudo rm {path}").out == "GRUB_TIMEOUT=7\n"
    assert machine.ssh("dpkg -s xen-system-amd64").code != 0


def a_host_with_xen(machine: Machine) -> None:
    first = machine.fata("host", "setup", "debian", "--kind", "xen")
    assert first.code == 0, first.err
    assert "note: a reboot is needed, so that the host starts Xen" in first.err
    assert found(machine) == {
        "system": "ok",
        "packages": "ok",
        "settings": "ok",
        "network": "ok",
        "state": "ok",
        "agent": "ok",
        "xen": "fail",
        "processor": "ok",
        "disk": "ok",
    }
    menu = machine.ssh("sudo grep 'set default=' /boot/grub/grub.cfg").out
    assert 'set default="Debian GNU/Linux, with Xen hypervisor"' in menu


def it_boots_xen(machine: Machine) -> None:
    done = machine.fata("host", "setup", "debian", "--kind", "xen", "--reboot")
    assert done.code == 0, done.err
    assert "debian runs Xen 4." in done.err
    assert set(found(machine).values()) == {"ok"}
    assert machine.fata("host", "setup", "debian", "--kind", "xen").err.endswith("nothing to do\n")
    assert "Domain-0" in machine.ssh("sudo xl list").out
    bridges = machine.ssh("ip -brief -4 address show type bridge").out
    assert sorted(line.split()[0::2] for line in bridges.splitlines()) == [
        ["fata0", "10.77.0.1/24"],
        ["xenbr0", "10.78.0.1/24"],
    ]


def commands(number: int) -> list[list[str]]:
    """The commands of a block of the page on Xen, of the section on rented machines."""
    section = (ROOT / "docs" / "xen.md").read_text().partition("## On a rented machine\n")[2]
    # The machine was a host with QEMU before, so that the second network is the one of Xen.
    section = section.replace("10.77.0.", "10.78.0.")
    lines = section.split("```sh\n")[number + 1].partition("```")[0].splitlines()
    parts = [part for line in lines for part in line.split("  #")[0].split(" && ")]
    return [shlex.split(part) for part in parts]


def a_guest_answers_as_the_page_says(machine: Machine, room: Path) -> None:
    website = room / "website"
    ignored = shutil.ignore_patterns("dist", "_fata")
    shutil.copytree(ROOT / "examples" / "website", website, ignore=ignored)
    *steps, request = commands(0)
    for step in steps:
        words = [str(name) for word in step for name in _globbed(website, word)]
        done = machine.run(*words, directory=website)
        assert done.code == 0, (step, done)
    deadline = time.monotonic() + GUEST_SECONDS
    while (done := machine.run(*request)).out != "200\n":
        assert time.monotonic() < deadline, done
    for command in commands(1):
        done = machine.run(*command)
        assert done.code == 0, (command, done)
    # xl waits until it has ended, and what xl left behind removes it then.
    while "website" in (listed := machine.ssh("sudo xl list").out):
        assert time.monotonic() < deadline + GUEST_SECONDS, listed


def _globbed(directory: Path, word: str) -> list[str]:
    found = sorted(directory.glob(word)) if "*" in word else []
    return [str(path.relative_to(directory)) for path in found] or [word]


def test_a_debian_machine_becomes_a_host(machine: Machine, tmp_path: Path) -> None:
    """One machine, one story: each step begins where the one before has ended."""
    a_key_that_the_host_does_not_accept(machine, tmp_path)
    host_keys_are_never_accepted_unseen(machine)
    nothing_listens_on_that_port(machine)
    a_dry_run_does_nothing(machine)
    a_host_with_qemu(machine)
    a_guest_reaches_its_host_over_the_bridge(machine)
    what_someone_else_wrote_is_left_alone(machine)
    a_host_with_xen(machine)
    it_boots_xen(machine)
    a_guest_answers_as_the_page_says(machine, tmp_path)

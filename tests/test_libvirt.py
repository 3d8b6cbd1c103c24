"""The target `virtio` on libvirt: what `fata build` writes starts, and its devices are found."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT, MakeProject, Project
from tests.libvirt import Libvirt, libvirt
from tests.namespaces import BRIDGE, Lan, lan
from tests.test_given import CONFIG, JOB

pytestmark = pytest.mark.e2e

_ASK = """\
import sys
from fata.qemu.wait import wait_http
sys.stdout.buffer.write(wait_http(80, "/", 100, host=sys.argv[1]).body)
"""
_TAKE = """\
import socket, sys
with socket.create_connection((sys.argv[1], 80), timeout=30) as connection:
    sys.stdout.buffer.write(connection.recv(100))
"""


@pytest.fixture
def network() -> Iterator[Lan]:
    with lan("10.88.0.1/24") as made:
        yield made


@pytest.fixture
def daemon(network: Lan, tmp_path: Path) -> Iterator[Libvirt]:
    directory = tmp_path / "libvirt"
    directory.mkdir()
    with libvirt(network, directory) as made:
        yield made


def prepared(built: Project, *arguments: str) -> Path:
    """The file of the build, put on the bridge of the test and given boot arguments."""
    (file,) = built.output.glob("*.libvirt.xml")
    text = file.read_text()
    words = "".join(f" fata.arg={argument}" for argument in arguments)
    text = re.sub(r'<source bridge="[^"]*"', f'<source bridge="{BRIDGE}"', text)
    file.write_text(text.replace("</cmdline>", f"{words}</cmdline>"))
    return file


def inside(network: Lan, program: str, address: str) -> str:
    command = [*network.inside, sys.executable, "-c", program, address]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=120
    ).stdout


def ended(daemon: Libvirt, name: str) -> bool:
    deadline = time.monotonic() + 120
    while daemon.virsh("domstate", name) != "shut off":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_the_page(project: MakeProject, network: Lan, daemon: Libvirt) -> None:
    """Its commands, one after the other, with an answer from the guest in between."""
    page = (ROOT / "docs" / "libvirt.md").read_text()
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    first, *commands = [shlex.split(line) for line in block.splitlines()]
    assert first == shlex.split("fata configure -t virtio && fata build")
    made = project("website").built()
    prepared(made, "--ipv4=10.88.0.2/24")
    for program, verb, *words in commands:
        assert program == "virsh"
        if verb == "define":
            daemon.virsh(verb, "--validate", str(made.directory / words[0]))
        elif verb == "console":
            assert "It works" in inside(network, _ASK, "10.88.0.2")
            assert daemon.virsh("ttyconsole", *words).startswith("/dev/pts/")
        else:
            daemon.virsh(verb, *words)
    assert daemon.virsh("list", "--all") == ""


def test_a_guest_finds_two_disks_and_two_interfaces(
    project: MakeProject, network: Lan, daemon: Libvirt
) -> None:
    """Though the file has the interfaces and the disks the other way round."""
    made = project()
    made.write("config.py", CONFIG)
    made.write("job.py", JOB)
    made.built("--kernel", "tiny")
    (made.directory / "disks").mkdir()
    for name, size in (("small", 1 << 16), ("large", 1 << 20)):
        (made.directory / "disks" / f"{name}.img").write_bytes(bytes(size))
    file = prepared(made, "--front-ipv4=10.88.0.2/24", "--back-ipv4=10.88.0.3/24")
    file.write_text(_reversed(file.read_text()))
    daemon.virsh("define", "--validate", str(file))
    daemon.virsh("start", "two")
    deadline = time.monotonic() + 120
    for name in ("large", "small"):
        disk = made.directory / "disks" / f"{name}.img"
        while not disk.read_bytes().startswith(name.encode()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert _taken(network, "10.88.0.2") == "front"
    assert _taken(network, "10.88.0.3") == "back"
    terminal = os.open(daemon.virsh("ttyconsole", "two"), os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(terminal, b"\x03")
        assert ended(daemon, "two")
    finally:
        os.close(terminal)


def _taken(network: Lan, address: str) -> str:
    deadline = time.monotonic() + 120
    while True:
        try:
            return inside(network, _TAKE, address)
        except subprocess.CalledProcessError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _reversed(text: str) -> str:
    root = ET.fromstring(text)  # noqa: S314 - our own
    devices = root.find("devices")
    assert devices is not None
    devices[:] = reversed(devices)
    addresses = [address for device in devices for address in device.findall("address")]
    slots = [address.attrib["slot"] for address in addresses]
    for address, slot in zip(addresses, reversed(slots), strict=True):
        address.set("slot", slot)
    return ET.tostring(root, encoding="unicode")


def test_the_query_answers_what_the_build_wrote(project: MakeProject) -> None:
    made = project("hello").built()
    assert made.ok("query", "libvirt").out == (made.output / "hello.libvirt.xml").read_text()
    made.ok("clean")
    assert not (made.directory / "dist").exists() or not any(made.directory.rglob("*.xml"))


def test_a_process_has_no_domain(project: MakeProject) -> None:
    made = project("hello").built("-t", "unix")
    result = made.fata("query", "libvirt")
    assert result.code == 1
    assert "run `fata configure -t virtio` and `fata build`" in result.err

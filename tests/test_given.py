"""What a host gives to a guest: disks and interfaces, in declared order, never confused."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fata.disks import opened, plan_disks
from fata.nics import parse_publications
from fata.qemu.accelerator import Preference
from fata.qemu.machine import UserNic
from fata.qemu.supervise import Run
from fata.run import Options, check, plan
from tests.conftest import MakeProject, Project, StartRun

pytestmark = pytest.mark.e2e

MACHINES = [("tiny", "microvm"), ("tiny", "q35"), ("debian", "q35")]

# What is declared first is used last, so that declared order differs from that of the graph.
CONFIG = """\
from fata.dsl import BLOCK, JOB, STACK, block, main, network, register, socket_stack

back = network("back")
small = block("small", size="64KiB", sector_size=4096)
front = network("front")
large = block("large", size="1MiB")
job = main("job:start", BLOCK >> BLOCK >> STACK >> STACK >> JOB)

register("two", job(large, small, socket_stack(front), socket_stack(back)))
"""

JOB = """\
import asyncio
import logging


class Say(asyncio.Protocol):
    def __init__(self, text):
        self.text = text

    def connection_made(self, transport):
        transport.write(self.text)
        transport.close()


async def start(large, small, front, back):
    log = logging.getLogger("job")
    for name, disk in (("large", large), ("small", small)):
        await disk.write(0, name.encode().ljust(disk.sector_size, b"."))
        await disk.flush()
        log.info("%s has %d sectors of %d bytes", name, disk.sectors, disk.sector_size)
    log.info("front is %s, back is %s", front.address, back.address)
    await front.create_server(lambda: Say(b"front"), 80)
    await back.create_server(lambda: Say(b"back"), 80)
    log.info("listening")
    await asyncio.Event().wait()
"""


def two(project: Project, *keys: str) -> Project:
    project.write("config.py", CONFIG)
    project.write("job.py", JOB)
    return project.built(*keys)


def said_by(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        return b"".join(iter(lambda: connection.recv(100), b""))


def start_of(disk: Path) -> bytes:
    with disk.open("rb") as file:
        return file.read(5)


def test_two_nics_stay_two_nics(project: MakeProject, running: StartRun) -> None:
    publish = ("-p", "0:80", "-p", "front/0:80")
    run = running(two(project()), *publish, "--", "--front-ipv4=10.0.3.99/24")
    run.said("listening")
    run.said(r"front is 10\.0\.3\.99, back is 10\.0\.2\.15")
    first = int(run.said(r"127\.0\.0\.1:(\d+) leads to port 80/tcp of `back`")[1])
    assert said_by(first) == b"back"
    assert run.interrupt() == 130


@pytest.mark.parametrize(("kernel", "machine"), MACHINES)
def test_disks_and_nics_come_out_in_declared_order(
    project: MakeProject, running: StartRun, kernel: str, machine: str
) -> None:
    built = two(project(), "--kernel", kernel)
    made = json.loads((built.output / "manifest.json").read_text())
    assert [(disk["number"], disk["name"]) for disk in made["disks"]] == [
        (0, "small"),
        (1, "large"),
    ]
    assert [(nic["number"], nic["name"]) for nic in made["network"]] == [(0, "back"), (1, "front")]
    run = running(built, "-p", "back/0:80", "-p", "front/0:80", "--machine", machine)
    run.said("listening")
    run.said(r"large has 2048 sectors of 512 bytes")
    run.said(r"small has 16 sectors of 4096 bytes")
    for name in ("back", "front"):
        port = int(run.said(rf"127\.0\.0\.1:(\d+) leads to port 80/tcp of `{name}`")[1])
        assert said_by(port) == name.encode()
    assert run.interrupt() == 130
    for name in ("small", "large"):
        assert start_of(built.directory / "disks" / f"{name}.img") == name.encode()


@pytest.mark.parametrize(("kernel", "machine"), MACHINES)
def test_a_host_that_tells_no_addresses_is_taken_at_the_order_of_its_bus(
    project: MakeProject, running: StartRun, kernel: str, machine: str
) -> None:
    built = two(project(), "--kernel", kernel)
    made = check(built.output)
    disks = plan_disks(made, (), built.directory)
    publish = parse_publications(["back/0:80", "front/0:80"])
    options = Options(publish=publish, machine=machine, preference=Preference.TCG)
    guest, choice = plan(built.output, made, options, tuple(disk.disk for disk in disks))
    words = [word for word in guest.cmdline.split() if not word.startswith("fata.nic=")]
    guest = replace(guest, cmdline=" ".join(words))
    log = built.directory / "console"
    with opened(disks, print), Run(guest, choice.accelerator, log, limit=60) as run:
        run.start()
        ports = [nic.publish[0].host for nic in run.guest.nics if isinstance(nic, UserNic)]
        deadline, answer = time.monotonic() + 120, b""
        while not answer and time.monotonic() < deadline:
            time.sleep(0.1)
            with contextlib.suppress(OSError):
                answer = said_by(ports[1])
        assert [said_by(port) for port in ports] == [b"back", b"front"]


def test_a_disk_is_locked_while_a_guest_has_it(project: MakeProject, running: StartRun) -> None:
    built = two(project())
    run = running(built)
    run.said("listening")
    second = built.fata("run")
    assert second.code == 1
    assert "the disk `small` is in use by another guest or program" in second.err
    assert run.interrupt() == 130


def test_a_disk_that_the_operator_gives_read_only_is_read_only(project: MakeProject) -> None:
    built = two(project())
    (built.directory / "mine.img").write_bytes(b"mine!" + bytes((1 << 20) - 5))
    result = built.fata("run", "--disk", "large=mine.img,ro")
    assert result.code == 70
    assert "/dev/vdb is read-only" in result.out
    assert start_of(built.directory / "mine.img") == b"mine!"


def tickets(project: Project, *arguments: str) -> str:
    """What a run says of its ticket, without the numbers that were drawn."""
    said = re.search(r"slot \d+, ticket \d+", project.ok("run", "--", *arguments).out)
    assert said is not None
    return said[0]


@pytest.mark.parametrize("kernel", ["tiny", "debian"])
def test_the_lottery_goes_on_from_boot_to_boot(project: MakeProject, kernel: str) -> None:
    lottery = project("disk-lottery").built("--kernel", kernel)
    first = lottery.ok("run")
    disk = lottery.directory / "disks" / "lottery.img"
    assert f"made {disk}, 64KiB, for the disk `lottery`" in first.err
    assert "slot 0, ticket 1" in first.out
    assert tickets(lottery) == "slot 0, ticket 2"
    assert tickets(lottery, "--slot=3") == "slot 3, ticket 1"
    lottery.ok("clean")
    lottery.built("-t", "unix")  # the same file is the disk of the process
    assert tickets(lottery) == "slot 0, ticket 3"
    assert tickets(lottery, "--reset") == "slot 0, ticket 1"


def test_a_damaged_slot_of_the_lottery_is_told_and_can_begin_anew(project: MakeProject) -> None:
    lottery = project("disk-lottery").built()
    disk = lottery.directory / "disks" / "lottery.img"
    disk.parent.mkdir()
    disk.write_bytes(b"damaged" + bytes(65536 - 7))
    damaged = lottery.fata("run")
    assert damaged.code == 1
    assert "this slot holds something else, or is damaged: begin anew with --reset" in damaged.err
    assert tickets(lottery, "--reset") == "slot 0, ticket 1"
    assert tickets(lottery) == "slot 0, ticket 2"


HIDING = """\
from fata.dsl import BLOCK, JOB, block, encrypted_block, kv_ro, main, register

disk = encrypted_block(block("data", size="64KiB"), kv_ro("keys"), mode="{mode}")

register("secret", main("secret_:start", BLOCK >> JOB)(disk))
"""

HIDING_JOB = """\
import logging


async def start(disk):
    before = await disk.read(1)
    logging.getLogger("job").info("found %s", before[:6])
    await disk.write(1, b"secret".ljust(disk.sector_size, b"."))
    await disk.flush()
"""


@pytest.mark.parametrize("mode", ["xts", "gcm"])
def test_an_encrypted_disk_is_read_by_whoever_has_the_key(project: MakeProject, mode: str) -> None:
    made = project()
    made.write("config.py", HIDING.format(mode=mode))
    made.write("secret_.py", HIDING_JOB)
    made.write("keys/disk.key", "0123456789abcdefghijklmnopqrstuv")
    made.built()
    assert "found b'secret'" not in made.ok("run").out
    disk = made.directory / "disks" / "data.img"
    assert b"secret" not in disk.read_bytes()
    assert "found b'secret'" in made.ok("run").out
    made.built("-t", "unix")
    assert "found b'secret'" in made.ok("run").out
    made.write("keys/disk.key", "vutsrqponmlkjihgfedcba9876543210")
    other = made.fata("run")
    if mode == "gcm":
        assert other.code == 71
        assert "was encrypted with another key than 'disk.key', or its header" in other.err
    else:
        assert "found b'secret'" not in other.out

"""Interfaces of a VM by name, in network namespaces with real interfaces."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from libos.net.error import InterfaceMissingError
from libos.net.nic import Nic
from libos.signatures.network import Network

if TYPE_CHECKING:
    from .conftest import Laboratory

# Two stacks, on the interfaces `front` and `back`; prints what each of them is.
PROGRAM = """
import asyncio, json, sys
from libos.net.nic import Nic
from libos.net.socket_stack import SocketStack

async def main(command_line, resolv_conf):
    told = {}
    for name, address in (("front", "10.1.0.2/24"), ("back", "10.2.0.2/24")):
        nic = Nic(name, limit=0.0, command_line=command_line)
        await nic.start()
        gateway = address.replace("2/24", "1")
        stack = SocketStack(nic, ipv4=address, ipv4_gateway=gateway, dns=(gateway,), ipv6="none",
                            group=name, resolv_conf=resolv_conf)
        await stack.start()
        told[name] = [nic.interface, nic.number, nic.alone, stack.address]
        await stack.create_server(asyncio.Protocol, 80)
    print(json.dumps(told))

asyncio.run(main(*sys.argv[1:]))
"""


def words(tmp_path: Path, text: str) -> str:
    path = tmp_path / "cmdline"
    path.write_text(text)
    return str(path)


def test_it_meets_the_signature() -> None:
    nic: Network = Nic("front")
    assert nic is not None


def refused(tmp_path: Path, text: str) -> InterfaceMissingError:
    nic = Nic("front", limit=0.0, command_line=words(tmp_path, text), directory=str(tmp_path))
    with pytest.raises(InterfaceMissingError) as caught:
        asyncio.run(nic.start())
    return caught.value


def test_a_host_that_gives_others_is_told_which_is_missing(tmp_path: Path) -> None:
    error = refused(tmp_path, "fata.nic=back,52:54:00:00:00:02 fata.nic=side,52:54:00:00:00:03")
    assert error.what == "the host gives this VM no network `front`; it gives `back`, `side`"


def test_an_address_that_no_interface_has(tmp_path: Path) -> None:
    error = refused(tmp_path, "fata.nic=front,02:00:00:00:00:ff")
    assert "network `front`: no interface with 02:00:00:00:00:ff appeared within 0 s" in error.what
    assert error.where == "fata.nic=front,02:00:00:00:00:ff"


def test_a_bus_without_interfaces(tmp_path: Path) -> None:
    error = refused(tmp_path, "quiet")
    assert "network `front`: no interface appeared" in error.what


@pytest.mark.e2e
def test_two_stacks_are_two_interfaces(laboratory: Laboratory, tmp_path: Path) -> None:
    """They share the port, and the first one declared leads out and is asked for names first."""
    namespace = laboratory.namespace("two")
    for interface, mac in (("one", "02:00:00:00:00:01"), ("other", "02:00:00:00:00:02")):
        peer = ("peer", "name", f"{interface}-host")
        laboratory.ip(namespace, "link", "add", interface, "address", mac, "type", "veth", *peer)
    path = words(
        tmp_path,
        "fata.nics=back,front fata.nic=front,02:00:00:00:00:01 fata.nic=back,02:00:00:00:00:02",
    )
    resolv_conf = tmp_path / "resolv.conf"
    command = ["ip", "netns", "exec", namespace, sys.executable, "-c", PROGRAM]
    command += [path, str(resolv_conf)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(told) == {
        "front": ["one", 1, False, "10.1.0.2"],
        "back": ["other", 0, False, "10.2.0.2"],
    }
    routes = laboratory.ip(namespace, "-4", "route", "show", "default").splitlines()
    assert [line.removesuffix("linkdown ").strip() for line in routes] == [
        "default via 10.2.0.1 dev other proto static onlink",
        "default via 10.1.0.1 dev one proto static metric 1 onlink",
    ]
    assert resolv_conf.read_text() == "nameserver 10.2.0.1\nnameserver 10.1.0.1\n"

"""A host with guests on its bridge and the world outside, all of them network namespaces."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from types import TracebackType

import pytest

from fata.host.kind import Kind
from fata.host.network import rules

HERE = Path(__file__).parent
SUBNET = IPv4Network("10.77.0.0/24")
BRIDGE = Kind.QEMU.bridge
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


class Program:
    """A program that is ready when it says so."""

    def __init__(self, inside: tuple[str, ...], script: str, *words: str) -> None:
        self._child = subprocess.Popen(
            [*inside, sys.executable, str(HERE / script), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout is not None
        assert self._child.stdout.readline() == "ready\n"

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def result(self) -> dict[str, object]:
        """What it says at its end, for which it is asked."""
        out, _ = self._child.communicate(timeout=60)
        assert self._child.returncode == 0
        said: dict[str, object] = json.loads(out)
        return said


class House:
    """The host, whose network this thread and what it starts are in; others are plugged into it."""

    def __init__(self) -> None:
        self._name = f"fata{os.getpid()}t{next(_numbers)}"
        self._names: list[str] = []
        self._stack = contextlib.ExitStack()

    def open(self) -> None:
        host = self._add("host")
        for words in (
            f"link add {BRIDGE} type bridge",
            f"address add {SUBNET[1]}/24 dev {BRIDGE}",
            f"link set {BRIDGE} up",
            "link set lo up",
        ):
            self.ip("-n", host, *words.split())
        self._plug(host, "outside", "eth0", f"{OUTSIDE}/24")
        self.ip("-n", host, "address", "add", f"{HOST}/24", "dev", "eth0")
        self.ip("-n", host, "link", "set", "eth0", "up")
        self._enter(host)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        self.let_rules_see_bridges(False)
        self.nft(rules(Kind.QEMU, SUBNET))

    def close(self) -> None:
        self._stack.close()
        for name in reversed(self._names):
            subprocess.run(["ip", "netns", "delete", name], check=True)

    def guest(self, number: int) -> str:
        """The address of a guest that is on the bridge from now on."""
        address = str(SUBNET[number])
        self._plug(f"{self._name}host", f"g{number}", f"tap{number}", f"{address}/24")
        self.ip("link", "set", f"tap{number}", "master", BRIDGE, "up")
        self.ip("-n", f"{self._name}g{number}", "route", "add", "default", "via", str(SUBNET[1]))
        return address

    def inside(self, name: str) -> tuple[str, ...]:
        """What runs a command in `outside` or in the guest `g7`."""
        return ("ip", "netns", "exec", f"{self._name}{name}")

    def serving(self, number: int, port: int = 8080) -> Program:
        """A guest whose server says its name."""
        return Program(
            self.inside(f"g{number}"), "server.py", f"g{number}", self.guest(number), str(port)
        )

    def load(self, port: int, seconds: float, address: str, name: str) -> Program:
        """Many connections from a machine; `host` is the host itself."""
        inside = () if name == "host" else self.inside(name)
        return Program(inside, "load.py", address, str(port), str(seconds))

    def ask(self, name: str, address: str, port: int, protocol: str = "tcp") -> str:
        """What a machine is answered there; `host` is the host itself."""
        program = (
            "import socket, sys\n"
            f"kind = socket.SOCK_{'STREAM' if protocol == 'tcp' else 'DGRAM'}\n"
            "s = socket.socket(socket.AF_INET, kind)\n"
            "s.settimeout(3)\n"
            "try:\n"
            f"    s.connect(({address!r}, {port}))\n"
            "    for word in (b'hi\\n', b'more\\n'):\n"
            "        s.send(word)\n"
            "        print(s.recv(100).decode().strip(), end=';')\n"
            "except OSError as error:\n"
            "    print(type(error).__name__)\n"
        )
        inside = () if name == "host" else self.inside(name)
        command = [*inside, sys.executable, "-c", program]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    def nft(self, text: str) -> None:
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)

    def let_rules_see_bridges(self, wanted: bool) -> None:
        """What Docker does where it is installed (`br_netfilter`)."""
        seen = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
        if wanted or seen.exists():
            seen.write_text(str(int(wanted)))

    def _add(self, name: str) -> str:
        full = f"{self._name}{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self._names.append(full)
        return full

    def _plug(self, host: str, name: str, device: str, address: str) -> None:
        """A machine of its own, whose `eth0` leads to `device` of the host."""
        full = self._add(name)
        peer = ("peer", "name", "eth0", "netns", full)
        self.ip("-n", host, "link", "add", device, "type", "veth", *peer)
        self.ip("-n", full, "address", "add", address, "dev", "eth0")
        for each in ("lo", "eth0"):
            self.ip("-n", full, "link", "set", each, "up")

    def _enter(self, name: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{name}", os.O_RDONLY)

        def back() -> None:
            assert libc.setns(before, _CLONE_NEWNET) == 0
            os.close(before)

        assert libc.setns(inside, _CLONE_NEWNET) == 0
        os.close(inside)
        self._stack.callback(back)


@pytest.fixture
def house() -> Iterator[House]:
    """A host as `fata host setup` leaves it, with the world outside, and no guests yet."""
    if os.geteuid() != 0:
        pytest.fail("network namespaces need root: run the tests as root")
    made = House()
    try:
        made.open()
        yield made
    finally:
        made.close()

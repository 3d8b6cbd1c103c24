"""A network of its own for a test: a bridge, machines plugged into it, a TAP device for a VM."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator

import pytest

BRIDGE, TAP = "br0", "tap0"

_numbers = itertools.count(1)


class Lan:
    """A network namespace with the bridge `br0`, on which `tap0` is, and others plugged in."""

    def __init__(self) -> None:
        self._name = f"fata{os.getpid()}x{next(_numbers)}"
        self._names: list[str] = []

    @property
    def inside(self) -> tuple[str, ...]:
        """What runs a command where the bridge is."""
        return ("ip", "netns", "exec", self._name)

    def open(self, *addresses: str) -> None:
        """Make the network, in which the bridge has the addresses."""
        self._add(self._name)
        self._ip("link", "add", BRIDGE, "type", "bridge")
        self._ip("tuntap", "add", TAP, "mode", "tap")
        self._ip("link", "set", TAP, "master", BRIDGE)
        for device in ("lo", BRIDGE, TAP):
            self._ip("link", "set", device, "up")
        for address in addresses:
            self._ip("address", "add", address, "dev", BRIDGE, "nodad")

    def machine(self, mac: str) -> tuple[str, ...]:
        """What runs a command on another machine, whose `eth0` is plugged into the bridge."""
        name, port = f"{self._name}m{len(self._names)}", f"port{len(self._names)}"
        self._add(name)
        peer = ("peer", "name", "eth0", "address", mac, "netns", name)
        self._ip("link", "add", port, "type", "veth", *peer)
        self._ip("link", "set", port, "master", BRIDGE, "up")
        subprocess.run(["ip", "-n", name, "link", "set", "eth0", "up"], check=True)
        return ("ip", "netns", "exec", name)

    def close(self) -> None:
        for name in reversed(self._names):
            subprocess.run(["ip", "netns", "delete", name], check=True)

    def _add(self, name: str) -> None:
        subprocess.run(["ip", "netns", "add", name], check=True)
        self._names.append(name)

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", "-n", self._name, *words], check=True)


@contextlib.contextmanager
def lan(*addresses: str) -> Iterator[Lan]:
    """`lan("10.88.0.1/24")` is a network whose bridge has that address, gone with the test."""
    if os.geteuid() != 0:
        pytest.fail("network namespaces need root: run the tests as root")
    made = Lan()
    try:
        made.open(*addresses)
        yield made
    finally:
        made.close()

"""A laboratory of network namespaces: a host's bridge, guests on it and real DHCP servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20.0
MAC = "52:54:00:99:00:07"
GUEST = Path(__file__).with_name("guest.py")


class Process:
    """A program in a namespace, and what it wrote."""

    def __init__(self, namespace: str, command: list[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self.child = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def logged(self) -> str:
        return self.log.read_text()

    def wait_for_log(self, text: str) -> None:
        """Wait for something that the program is about to say."""
        deadline = time.monotonic() + SECONDS
        while text not in self.logged():
            alive = self.child.poll() is None and time.monotonic() < deadline
            assert alive or text in self.logged(), f"no {text!r} in {self.logged()!r}"
            time.sleep(0.02)

    def end(self) -> None:
        self.child.terminate()
        self.child.communicate(timeout=SECONDS)


class Guest(Process):
    """The stack under test; the first answer says that it has started."""

    def state(self) -> dict[str, Any]:
        return self.order("state")

    def connect(self, host: str, port: int) -> str:
        return str(self.order(f"connect {host} {port}")["said"])

    def order(self, words: str) -> dict[str, Any]:
        assert self.child.stdin is not None
        self.child.stdin.write(f"{words}\n")
        self.child.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        assert line, self.logged()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        self.child.communicate(timeout=SECONDS)
        assert self.child.returncode == 0, self.logged()

    def failure(self) -> str:
        self.child.communicate(timeout=SECONDS)
        assert self.child.returncode == 1, self.logged()
        return self.logged().splitlines()[-1]


class Laboratory:
    """Namespaces on one bridge, which the namespace `host` owns as `br0`, 10.99.0.1/24."""

    mac = MAC

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._prefix = f"libos{os.getpid()}"
        self._namespaces: list[str] = []
        self._processes: list[Process] = []

    def open(self) -> None:
        self.host = self.namespace("host")
        self.ip(self.host, "link", "add", "br0", "type", "bridge")
        self.ip(self.host, "link", "set", "br0", "up")
        for address in ("10.99.0.1/24", "fd99::1/64"):
            self.ip(self.host, "address", "add", address, "dev", "br0", "nodad")

    def namespace(self, name: str) -> str:
        full = f"{self._prefix}{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self._namespaces.append(full)
        self.ip(full, "link", "set", "lo", "up" if name == "host" else "down")
        return full

    def plug(self, namespace: str, mac: str = MAC) -> None:
        """Give a namespace an `eth0` whose other end is in the bridge."""
        port = f"port{len(self._namespaces)}"
        peer = ("peer", "name", "eth0", "address", mac, "netns", namespace)
        self.ip(self.host, "link", "add", port, "type", "veth", *peer)
        self.ip(self.host, "link", "set", port, "master", "br0", "up")

    def guest(self, *, plugged: bool = True, **arguments: Any) -> Guest:
        """A guest that is starting; `started` waits for it."""
        self.guest_namespace = self.namespace("guest")
        if plugged:
            self.plug(self.guest_namespace)
        self.resolv_conf = self._directory / "resolv.conf"
        given = json.dumps({"resolv_conf": str(self.resolv_conf), **arguments})
        # A host name of its own, so that setting it changes nothing here.
        command = ["unshare", "--uts", sys.executable, str(GUEST), given]
        guest = Guest(self.guest_namespace, command, self._directory / "guest.log")
        self._processes.append(guest)
        return guest

    def started(self, **arguments: Any) -> Guest:
        guest = self.guest(**arguments)
        guest.answer()
        return guest

    def dnsmasq(self, *options: str, namespace: str | None = None, first: int = 50) -> Process:
        """A DHCP server for 10.99.0.0/24 that grants addresses from `first` on for two minutes."""
        command = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if command is None:
            pytest.fail("no dnsmasq: install the package dnsmasq-base (Debian, Ubuntu)")
        number = len(self._processes)
        server = Process(
            namespace or self.host,
            [
                command,
                "--no-daemon",  # nor another user: a user namespace may have none
                "--conf-file=/dev/null",
                "--port=0",
                "--pid-file=",
                "--no-ping",
                "--log-dhcp",
                "--log-facility=-",
                "--bind-interfaces",
                "--except-interface=lo",
                f"--dhcp-leasefile={self._directory / f'leases{number}'}",
                f"--dhcp-range=10.99.0.{first},10.99.0.{first + 40},255.255.255.0,120",
                *options,
            ],
            self._directory / f"dnsmasq{number}.log",
        )
        self._processes.append(server)
        server.wait_for_log("DHCP, IP range")
        return server

    def ip(self, namespace: str, *words: str) -> str:
        command = ["ip", "-n", namespace, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def in_guest(self, *words: str) -> str:
        return self.ip(self.guest_namespace, *words)

    def on_host(self, program: str, *words: str) -> str:
        """What a Python program prints that runs in the host's namespace."""
        command = ["ip", "netns", "exec", self.host, sys.executable, "-c", program, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def run_on_host(self, program: str, *words: str) -> Process:
        """The same program, left running."""
        command = [sys.executable, "-c", program, *words]
        process = Process(self.host, command, self._directory / f"run{len(self._processes)}.log")
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._processes):
            if process.child.poll() is None:
                process.end()
            for pipe in (process.child.stdin, process.child.stdout):
                if pipe is not None:
                    pipe.close()
        for name in reversed(self._namespaces):
            subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    if os.geteuid() != 0:
        pytest.fail(
            "network namespaces need root: run the tests as root, or as root of a user namespace, "
            "with `unshare --map-root-user --net --mount` and a tmpfs mounted on /run"
        )
    if shutil.which("ip") is None:
        pytest.fail("no `ip`: install the package iproute2")
    made = Laboratory(tmp_path)
    try:
        made.open()
        yield made
    finally:
        made.close()

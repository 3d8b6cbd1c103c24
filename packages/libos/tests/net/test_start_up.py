"""What a guest imports before it serves: every module costs under emulation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import libos

PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
from libos.net.socket_stack import SocketStack

async def main():
    stack = SocketStack(interface="absent0", ipv4=sys.argv[2], interface_limit=0, manage=False)
    await stack.start()
    stack._settings()
    import libos.net.link, libos.net.netlink, libos.net.resolver, libos.net.route

asyncio.run(main())
print(*sorted(set(sys.modules) - before - {"__future__"}))
"""


def test_a_static_address_needs_nothing_beyond_asyncio_and_nothing_of_dhcp() -> None:
    source = Path(libos.__file__).parents[1]
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(source), "10.0.0.2/24"]
    imported = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert imported == [
        "libos",
        "libos.net",
        "libos.net.address",
        "libos.net.error",
        "libos.net.link",
        "libos.net.netlink",
        "libos.net.resolver",
        "libos.net.route",
        "libos.net.settings",
        "libos.net.socket_stack",
        "libos.net.value",
    ]


def test_dhcp_needs_nothing_beyond_asyncio_either() -> None:
    program = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import libos.net.dhcp.service, libos.net.dhcp.configure
print(*sorted(set(sys.modules) - before - {"__future__"}))
"""
    source = Path(libos.__file__).parents[1]
    command = [sys.executable, "-I", "-S", "-c", program, str(source)]
    imported = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in imported if not name.startswith("libos")] == []

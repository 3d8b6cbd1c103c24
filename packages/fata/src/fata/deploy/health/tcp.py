"""Asking a guest by connecting to it."""

from __future__ import annotations

import time
from ipaddress import IPv4Address

from fata.deploy.health.answer import Probe, duration
from fata.deploy.health.wire import Wire, trouble, wire
from fata.deploy.traffic.route import Endpoint

SETTLE = 0.5
"""Seconds after which QEMU has found out that the guest refuses a connection."""


def ask_tcp(target: Endpoint, timeout: float) -> Probe:
    """`ask_tcp(target, timeout)` is what connecting came to.

    On an address of this host's own it is QEMU's user-mode network that takes the connection,
    before it has asked the guest. There a guest is healthy that speaks first, or that ends the
    connection when we do, but not before.
    """
    begin = time.monotonic()
    try:
        with wire(target, timeout) as connection:
            seconds = time.monotonic() - begin
            if IPv4Address(target.address).is_loopback:
                problem = _behind_qemu(connection, min(SETTLE, timeout / 2))
                if problem:
                    return Probe(False, problem, None, "", time.monotonic() - begin)
    except OSError as error:
        return Probe(False, trouble(error, timeout), None, "", time.monotonic() - begin)
    said = f"took the connection in {duration(seconds)}"
    return Probe(True, said, None, "", time.monotonic() - begin)


def _behind_qemu(connection: Wire, settle: float) -> str:
    """What is wrong, after all, with a connection that QEMU took; empty if nothing is."""
    try:
        early = connection.read_within(settle)
    except TimeoutError:
        connection.half_close()
        connection.read(1)
        return ""
    return "" if early else "refused the connection"

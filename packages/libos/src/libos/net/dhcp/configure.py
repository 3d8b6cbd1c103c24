"""From a lease to the kernel: address, MTU and routes of an interface."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from libos.net.address import InterfaceAddress, add_address, remove_address
from libos.net.dhcp.effects import UNCONFIGURED
from libos.net.error import ConfigurationError
from libos.net.link import bring_up
from libos.net.route import add_route, remove_route

if TYPE_CHECKING:
    from libos.net.dhcp.lease import Lease
    from libos.net.dhcp.options import StaticRoute
    from libos.net.link import Link
    from libos.net.netlink import Netlink

_log = logging.getLogger("net.dhcp")


def apply_lease(netlink: Netlink, link: Link, lease: Lease, previous: Lease | None) -> None:
    """`apply_lease(...)` is done when the interface has what `lease` says instead of `previous`.

    `ConfigurationError` is raised if the kernel refuses the address. A refused MTU or route is
    logged only: the server may ask for more than this kernel or device can do.
    """
    if previous is not None:
        if _address(previous) != _address(lease):
            remove_address(netlink, link, _address(previous))
        else:
            for route in previous.routes:
                if route not in lease.routes:
                    _try_route(netlink, link, route, add=False)
    if lease.mtu is not None and lease.mtu != link.mtu:
        try:
            bring_up(netlink, link, mtu=lease.mtu)
        except ConfigurationError as error:
            _log.warning("%s", error.what)
    add_address(netlink, link, _address(lease))
    for route in lease.routes:
        _try_route(netlink, link, route, add=True)


def withdraw_lease(netlink: Netlink, link: Link, lease: Lease) -> None:
    """`withdraw_lease(...)` is done when the interface has lost the lease's address and routes."""
    remove_address(netlink, link, _address(lease))


def _address(lease: Lease) -> InterfaceAddress:
    return InterfaceAddress(lease.address, lease.prefix_length)


def _try_route(netlink: Netlink, link: Link, route: StaticRoute, *, add: bool) -> None:
    gateway = None if route.router == UNCONFIGURED else socket.inet_aton(route.router)
    change = add_route if add else remove_route
    try:
        change(netlink, link, socket.inet_aton(route.network), route.prefix_length, gateway)
    except OSError as error:
        _log.warning(
            "the kernel refused the route to %s/%d through %s: %s",
            route.network, route.prefix_length, route.router, error.strerror,
        )  # fmt: skip

"""A network interface of a VM, found by the name that the configuration gives it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from libos.boot.devices import (
    COMMAND_LINE,
    NET,
    declared_interfaces,
    interfaces_by_bus,
    interfaces_by_vif,
    told_interfaces,
)
from libos.net.error import InterfaceMissingError

if TYPE_CHECKING:
    from libos.net.link import Link
    from libos.net.netlink import Netlink

_log = logging.getLogger("net")


class Nic:
    """`Nic(name)` is the interface that the host calls so; it meets `libos.signatures.network`.

    It is the one with the hardware address that the host told the kernel for `name`. A host that
    tells none for any is taken to have put the interfaces in the order declared on the bus; where
    one is declared, it is the only one there is. On Xen the vif is the one whose number is the
    place in that order. `limit` is the seconds to wait for it.
    """

    __slots__ = ("_command_line", "_directory", "_limit", "_name", "alone", "interface", "number")

    def __init__(
        self,
        name: str,
        *,
        limit: float = 10.0,
        command_line: str = COMMAND_LINE,
        directory: str = NET,
    ) -> None:
        self._name = name
        self._limit = limit
        self._command_line = command_line
        self._directory = directory
        self.interface = ""
        self.number = 0
        self.alone = True

    async def start(self) -> None:
        """Wait for the interface. Raises `InterfaceMissingError` saying what is there instead."""
        from libos.net.link import wait_for
        from libos.net.netlink import Netlink

        declared = declared_interfaces(self._command_line)
        self.alone = len(declared) < 2
        self.number = declared.index(self._name) if self._name in declared else 0
        told = told_interfaces(self._command_line)
        if told and self._name not in told:
            raise InterfaceMissingError(
                f"the host gives this VM no network `{self._name}`; it gives "
                + ", ".join(f"`{name}`" for name in sorted(told)),
                f"fata.nic={self._name},MAC",
                f"give the VM an interface for `{self._name}` too",
            )
        with Netlink() as netlink:
            link = await wait_for(
                netlink, lambda links: self._pick(links, told.get(self._name)), self._limit
            )
            if link is None:
                raise self._missing(netlink, told.get(self._name))
        self.interface = link.name
        if not self.alone:
            _log.info("the network `%s` is `%s`", self._name, link.name)

    def _pick(self, links: list[Link], mac: bytes | None) -> Link | None:
        if mac is not None:
            return next((link for link in links if link.mac == mac and not link.loopback), None)
        if vifs := interfaces_by_vif(self._directory):
            wanted = vifs.get(str(self.number))
            return next((link for link in links if link.name == wanted), None)
        names = interfaces_by_bus(self._directory)
        if self.number >= len(names):
            return None
        return next((link for link in links if link.name == names[self.number]), None)

    def _missing(self, netlink: Netlink, mac: bytes | None) -> InterfaceMissingError:
        from libos.net.link import list_links

        links = [link for link in list_links(netlink) if not link.loopback]
        there = ", ".join(f"`{link.name}` with {link.mac.hex(':')}" for link in links)
        wanted = f" with {mac.hex(':')}" if mac is not None else ""
        return InterfaceMissingError(
            f"network `{self._name}`: no interface{wanted} appeared within {self._limit:g} s; "
            f"the kernel has {there or 'none'}",
            f"fata.nic={self._name}" if mac is None else f"fata.nic={self._name},{mac.hex(':')}",
            "give the VM a network device with this address"
            if mac is not None and links
            else "check that the host gives this VM a network device and that the kernel has "
            "its driver",
        )

"""The TCP/IP stack of the kernel, seen through asyncio's own interface."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from libos.net.dhcp.lease import Lease
    from libos.net.dhcp.service import DhcpService
    from libos.net.link import Link
    from libos.net.netlink import Netlink
    from libos.net.settings import Settings
    from libos.signatures.network import Network

_log = logging.getLogger("net")
_BACKLOG = 1024  # the kernel caps it at net.core.somaxconn


class SocketStack:
    """`SocketStack(...)` is the kernel's network stack; it meets `libos.signatures.stack.Stack`.

    With `manage` (in a VM) `start` brings up loopback and the interface of `network`, or else the
    one called `interface`: `ipv4` is `dhcp`, `none` or an address such as `10.0.0.2/24`, and
    `ipv6` is `auto` (the kernel's autoconfiguration), `none` or such an address. `dns`, if given,
    goes before the name servers that DHCP tells. `mtu` is in bytes; `interface_limit` and
    `dhcp_limit` are the seconds to wait for each. `group` is what the names of these boot
    arguments begin with, for messages.
    Without `manage` (a Unix process) nothing is configured and the host's network is used.

    Where `network` is not the only one, servers listen on its interface and connections leave by
    it, so that two stacks of one program do not meet. Of default routes that of the interface
    declared first is taken, and its name servers are asked first.

    Programs may use asyncio's own functions as well: they work on all interfaces.
    """

    def __init__(  # noqa: PLR0913 - they are boot arguments, by name
        self,
        network: Network | None = None,
        *,
        interface: str = "eth0",
        ipv4: str = "dhcp",
        ipv4_gateway: str | None = None,
        ipv6: str = "auto",
        ipv6_gateway: str | None = None,
        dns: tuple[str, ...] = (),
        hostname: str | None = None,
        mtu: int | None = None,
        group: str | None = None,
        manage: bool = True,
        interface_limit: float = 10.0,
        dhcp_limit: float = 60.0,
        resolv_conf: str = "/run/resolv.conf",
    ) -> None:
        self._network = network
        self._interface = interface
        self._ipv4 = ipv4
        self._ipv4_gateway = ipv4_gateway
        self._ipv6 = ipv6
        self._ipv6_gateway = ipv6_gateway
        self._dns = dns
        self._hostname = hostname
        self._mtu = mtu
        self._group = group
        self._manage = manage
        self._interface_limit = interface_limit
        self._dhcp_limit = dhcp_limit
        self._resolv_conf = resolv_conf
        self._address: str | None = None
        self._lease: Lease | None = None
        self._dhcp: DhcpService | None = None

    @property
    def address(self) -> str | None:
        """`address` is the IPv4 address now, static or leased; None if there is none to tell."""
        return self._address

    @property
    def lease(self) -> Lease | None:
        """`lease` is what the DHCP server granted, None if nothing is leased now."""
        return self._lease

    async def start(self) -> None:
        """When `start()` has been awaited, the network can be used.

        A `NetworkError` says what is wrong with the VM's surroundings; a boot argument that cannot
        be used ends the program, by an `Outcome`.
        """
        if not self._manage:
            return
        from libos.net.error import InvalidAddressError, NetworkError

        try:
            await self._configure()
        except NetworkError as error:
            if self._group is not None:
                error.called(self._group)
            if isinstance(error, InvalidAddressError):
                from libos.boot.outcome import BAD_ARGUMENT, Outcome

                reason = f"boot argument `{error.where}`: {error.what}; {error.do}"
                raise Outcome(BAD_ARGUMENT, reason) from None
            raise

    async def _configure(self) -> None:
        from libos.net.link import bring_up, find_link, wait_for_link
        from libos.net.netlink import Netlink

        settings = self._settings()
        if self._network is not None:
            self._interface = self._network.interface
        with Netlink() as netlink:
            bring_up(netlink, await wait_for_link(netlink, "lo", 0.0))
            link = find_link(netlink, self._interface)
            if link is None:
                _log.info("waiting for the interface `%s`", self._interface)
                link = await wait_for_link(netlink, self._interface, self._interface_limit)
            if self._network is not None:
                link = link.with_metric(self._network.number)
            bring_up(netlink, link, mtu=self._mtu, ipv6=self._ipv6 != "none")
            self._set_static(netlink, link, settings)
        if settings.hostname is not None:
            socket.sethostname(settings.hostname)
        if self._ipv4 == "dhcp":
            await self._start_dhcp(link)
        else:
            self._write_resolv_conf(self._dns, None)

    async def stop(self) -> None:
        """When `stop()` has been awaited, a leased address has been given back."""
        service, self._dhcp = self._dhcp, None
        if service is not None:
            await service.stop()

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], port: int
    ) -> asyncio.AbstractServer:
        """`create_server(protocol_factory, port)`: see `Stack.create_server`."""
        loop = asyncio.get_running_loop()
        if self._bound is not None:
            from libos.net.bound import create_server

            return await create_server(loop, protocol_factory, port, self._bound, _BACKLOG)
        # Addresses, not None: asyncio would start a thread to look that up.
        hosts = ["0.0.0.0", "::"] if _has_ipv6() else ["0.0.0.0"]  # noqa: S104 - it is a server
        if port:
            return await loop.create_server(protocol_factory, hosts, port, backlog=_BACKLOG)
        with socket.socket() as holder:
            # Bound, but not listening: it keeps the port free for both protocols meanwhile.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("", 0))
            port = holder.getsockname()[1]
            return await loop.create_server(protocol_factory, hosts, port, backlog=_BACKLOG)

    async def connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """`connect(host, port)` is a pair of streams to a peer, or raises `OSError`."""
        if self._bound is not None:
            from libos.net.bound import connect

            return await connect(asyncio.get_running_loop(), host, port, self._bound)
        return await asyncio.open_connection(host, port)

    @property
    def _bound(self) -> str | None:
        """The interface to keep to, where there is another."""
        network = self._network
        return None if network is None or network.alone else network.interface

    def _settings(self) -> Settings:
        from libos.net.settings import Settings

        return Settings(
            ipv4=self._ipv4,
            ipv4_gateway=self._ipv4_gateway,
            ipv6=self._ipv6,
            ipv6_gateway=self._ipv6_gateway,
            dns=self._dns,
            hostname=self._hostname,
        )

    def _set_static(self, netlink: Netlink, link: Link, settings: Settings) -> None:
        from libos.net.address import add_address
        from libos.net.route import add_route

        for address, gateway in (
            (settings.ipv4, settings.ipv4_gateway),
            (settings.ipv6, settings.ipv6_gateway),
        ):
            if address is None:
                continue
            add_address(netlink, link, address)
            if gateway is not None:
                add_route(netlink, link, bytes(len(gateway)), 0, gateway)
            _log.info("%s: %s", link.name, address)
        if settings.ipv4 is not None:
            self._announce(link, settings.ipv4.address)

    async def _start_dhcp(self, link: Link) -> None:
        from libos.net.dhcp.service import DhcpService
        from libos.net.error import NoLeaseError

        service = DhcpService(
            link.name,
            link.mac,
            lambda lease: self._granted(link, lease),
            lambda lease: self._dropped(link, lease),
            hostname=self._hostname or _own_name(),
        )
        _log.info("%s: waiting for an address by DHCP, %g s at most", link.name, self._dhcp_limit)
        try:
            await service.start(self._dhcp_limit)
        except TimeoutError as error:
            raise NoLeaseError(
                f"no DHCP server granted `{link.name}` an address within {self._dhcp_limit:g} s",
                "--ipv4=dhcp",
                "check that a DHCP server serves the bridge this VM is on and has addresses left, "
                "or give a static one, such as `--ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1`",
            ) from error
        self._dhcp = service

    def _granted(self, link: Link, lease: Lease) -> None:
        from libos.net.dhcp.configure import apply_lease
        from libos.net.netlink import Netlink

        if lease == self._lease:
            return
        with Netlink() as netlink:
            apply_lease(netlink, link, lease, self._lease)
        if lease.address != self._address:
            self._announce(link, lease.address)
        self._lease = lease
        if self._hostname is None and _own_name() is None and lease.hostname is not None:
            socket.sethostname(lease.hostname)
        self._write_resolv_conf((*self._dns, *lease.dns), lease.domain)

    def _dropped(self, link: Link, lease: Lease) -> None:
        from libos.net.dhcp.configure import withdraw_lease
        from libos.net.netlink import Netlink

        self._address = self._lease = None
        with Netlink() as netlink:
            withdraw_lease(netlink, link, lease)

    def _announce(self, link: Link, address: str) -> None:
        """Have the address, and tell the neighbours: once more, for a bridge may wake up late."""
        from libos.net.announce import INTERVAL, announce

        def again() -> None:
            if self._address == address:
                announce(link, address)

        self._address = address
        announce(link, address)
        asyncio.get_running_loop().call_later(INTERVAL, again)

    def _write_resolv_conf(self, dns: tuple[str, ...], domain: str | None) -> None:
        from libos.net.resolver import write_part, write_resolv_conf

        if self._network is None or self._network.alone:
            write_resolv_conf(self._resolv_conf, dns, domain)
        else:
            write_part(self._resolv_conf, self._network.number, dns, domain)


def _has_ipv6() -> bool:
    """Whether this kernel, as it is configured, can listen on IPv6 addresses."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def _own_name() -> str | None:
    """The name that this machine was given before, if it was: Linux begins as `(none)`."""
    name = socket.gethostname()
    return None if name in ("", "(none)", "localhost") else name

"""Who has which address, and until when. Kept in memory: a server that starts anew knows nobody."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libos.services.dhcp.subnet import Subnet

OFFER_SECONDS = 30.0
"""How long an address is kept for a client that was offered it."""

DECLINED_SECONDS = 600.0
"""How long an address is not given away which somebody else was found to use."""


class Lease:
    """`Lease(client, address, until)` is an address that is, or was, a client's.

    `client` is the client's identifier, empty where nobody may have the address. `until` is on
    the server's clock; what ended before now is remembered so that the client gets it back.
    """

    __slots__ = ("address", "client", "until")

    def __init__(self, client: bytes, address: int, until: float) -> None:
        self.client = client
        self.address = address
        self.until = until


class Leases:
    """`Leases(subnet)` are the addresses of a network and whose they are.

    An address is never of two clients at a time. There are never more leases than addresses, so
    that clients who make up identifiers cost no memory.
    """

    def __init__(self, subnet: Subnet) -> None:
        self._subnet = subnet
        self._by_address: dict[int, Lease] = {}
        self._by_client: dict[bytes, Lease] = {}
        self._fresh = subnet.first

    def choose(self, client: bytes, hardware: bytes, wanted: int, now: float) -> int | None:
        """`choose(...)` is the address to offer the client; `None` if none is left.

        It is the one kept for its hardware, or that it has or had, or `wanted`, or one that
        nobody had, or the one that is free for longest.
        """
        kept = self._subnet.hosts.get(hardware)
        if kept is not None:
            return kept if self._is_free(kept, client, now) else None
        known = self._by_client.get(client)
        if known is not None and self._subnet.gives(known.address):
            return known.address
        if self.may_have(client, hardware, wanted, now):
            return wanted
        return self._unused() or self._longest_free(now)

    def may_have(self, client: bytes, hardware: bytes, address: int, now: float) -> bool:
        """`may_have(...)` is whether the client may have just this address."""
        kept = self._subnet.hosts.get(hardware)
        if address != kept and (kept is not None or not self._subnet.gives(address)):
            return False
        return self._is_free(address, client, now)

    def address_of(self, client: bytes, now: float) -> int | None:
        """`address_of(client, now)` is the address that the client has or is offered."""
        lease = self._by_client.get(client)
        return lease.address if lease is not None and lease.until > now else None

    def offer(self, client: bytes, address: int, now: float) -> None:
        """Keep the address for the client for a moment, or for as long as it has it anyway."""
        lease = self._by_client.get(client)
        until = lease.until if lease is not None and lease.address == address else now
        self.give(client, address, max(until, now + OFFER_SECONDS))

    def give(self, client: bytes, address: int, until: float) -> None:
        """Make the address the client's until then, and no other."""
        for stale in (self._by_client.get(client), self._by_address.get(address)):
            if stale is not None:
                self._forget(stale)
        self._by_address[address] = self._by_client[client] = Lease(client, address, until)

    def release(self, client: bytes, address: int, now: float) -> bool:
        """`release(...)` is whether the client had the address, which is free from now on."""
        lease = self._by_client.get(client)
        if lease is None or lease.address != address:
            return False
        lease.until = min(lease.until, now)
        return True

    def decline(self, client: bytes, address: int, now: float) -> bool:
        """`decline(...)` is whether the client had the address; nobody is given it for a while."""
        lease = self._by_client.get(client)
        if lease is None or lease.address != address:
            return False
        self._forget(lease)
        self._by_address[address] = Lease(b"", address, now + DECLINED_SECONDS)
        return True

    def _is_free(self, address: int, client: bytes, now: float) -> bool:
        lease = self._by_address.get(address)
        return lease is None or lease.client == client or lease.until <= now

    def _unused(self) -> int | None:
        while self._fresh <= self._subnet.last:
            address = self._fresh
            if self._subnet.gives(address) and address not in self._by_address:
                return address
            self._fresh += 1
        return None

    def _longest_free(self, now: float) -> int | None:
        ended = min(
            (lease for lease in self._by_address.values() if self._subnet.gives(lease.address)),
            key=lambda lease: lease.until,
            default=Lease(b"", 0, inf),
        )
        return ended.address if ended.until <= now else None

    def _forget(self, lease: Lease) -> None:
        self._by_address.pop(lease.address, None)
        self._by_client.pop(lease.client, None)

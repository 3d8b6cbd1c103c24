"""The addresses that services were given, one for each interface and slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from fata.deploy.records.database import Database
from fata.deploy.records.leases import Lease, Leases
from fata.deploy.service import Service


class Addresses:
    """`Addresses(database, leases)` remembers who has which, so that it stays the same."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def give(
        self,
        lease: Lease,
        slot: str,
        nics: Sequence[str],
        choose: Callable[[frozenset[IPv4Address]], IPv4Address],
        usable: Callable[[IPv4Address], bool],
    ) -> dict[str, IPv4Address]:
        """`give(lease, slot, nics, choose, usable)` is an address for each interface.

        They are the same each time, while they are `usable`; `choose` is given all that are taken.
        Raises `UserError`.
        """
        place, found = (lease.service.app, lease.service.environment), {}
        with self._database.transaction():
            self._leases.check(lease)
            for nic in nics:
                rows = self._database.rows(
                    "SELECT app, environment, nic, slot, address FROM addresses"
                )
                mine = [IPv4Address(str(row[4])) for row in rows if row[:4] == (*place, nic, slot)]
                if mine and usable(mine[0]):
                    found[nic] = mine[0]
                    continue
                found[nic] = choose(frozenset(IPv4Address(str(row[4])) for row in rows))
                self._database.execute(
                    "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?, ?)",
                    *(*place, nic, slot, str(found[nic])),
                )
        return found

    def of(self, service: Service, slot: str, nic: str) -> IPv4Address | None:
        """`of(service, slot, nic)` is the address that was given, if one was."""
        rows = self._database.rows(
            "SELECT address FROM addresses WHERE app = ? AND environment = ? AND nic = ? "
            "AND slot = ?",
            *(service.app, service.environment, nic, slot),
        )
        return IPv4Address(str(rows[0][0])) if rows else None

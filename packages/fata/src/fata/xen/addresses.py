"""Addresses of guests in the lab, where nobody else gives any.

An address and a hardware address that belong together stay together: whoever remembers one by
the other, from an earlier guest, is right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fata.image.manifest import Manifest
from fata.told import Told, arguments_of
from functoria import UserError

_NETWORK = "10.0.2"
_ROUTER, _RESOLVER = f"{_NETWORK}.2", f"{_NETWORK}.3"
_FIRST, _COUNT = 64, 160  # the lab's DHCP server and control domain are below
_MAC = "00:16:3e:fa:7a:"
_TAKEN = re.compile(rf"{_MAC}([0-9a-f]{{2}})")


@dataclass(frozen=True, slots=True)
class Address:
    """`Address(number)` is one place in the network of the lab."""

    number: int

    @property
    def ipv4(self) -> str:
        """Its address."""
        return f"{_NETWORK}.{self.number}"

    @property
    def mac(self) -> str:
        """Its hardware address."""
        return f"{_MAC}{self.number:02x}"


def choose(made: Manifest, store: str) -> dict[str, Address]:
    """`choose(manifest, store)` is an address for each interface, the same whenever it is free.

    `store` is what XenStore holds, where the addresses in use are found. Raises `UserError` if
    there are no more.
    """
    taken = {int(number, 16) for number in _TAKEN.findall(store)}
    found: dict[str, Address] = {}
    for device in made.network:
        digest = hashlib.sha256(f"{made.name}\0{device.name}".encode()).digest()
        start = int.from_bytes(digest[:4], "big")
        places = (_FIRST + (start + step) % _COUNT for step in range(_COUNT))
        number = next((place for place in places if place not in taken), None)
        if number is None:
            raise UserError(
                f"the lab's network has no address left for `{device.name}`",
                None,
                "end some of its guests: `fata lab ssh -- xl list` shows them",
            )
        taken.add(number)
        found[device.name] = Address(number)
    return found


def words_of(made: Manifest, chosen: dict[str, Address], given: Sequence[str]) -> tuple[str, ...]:
    """`words_of(manifest, chosen, given)` is the boot arguments that say the addresses.

    An interface for which the operator has `given` arguments is left to them.
    """
    told = [Told(f"{chosen[device.name].ipv4}/24", _ROUTER, _RESOLVER) for device in made.network]
    return arguments_of(made, told, given)

"""The protocol of what leads traffic to guests.

There are two: `fata.deploy.traffic.nft.Nft`, by rules of the kernel, and, where there is no
root, `fata.deploy.traffic.proxy.proxy.Proxy`, by a process of our own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from fata.deploy.traffic.route import Endpoint, Route


class Traffic(Protocol):
    """What leads ports of this host to guests.

    It holds nothing in memory: another one, made later by another process, sees the same routes.
    Where a port led elsewhere before, connections that were open stay with the guest that they
    are with, and new ones go to the new guest; none is refused meanwhile. All methods raise
    `UserError`, with what is wrong and what to do.
    """

    def check(self, routes: Sequence[Route]) -> None:
        """Raise `UserError` for all that can be known to be wrong before anything is made.

        That is: a port that another program of this host listens on or that is led to two
        guests, a transport that cannot be carried, a right or a program that is missing.
        """
        ...

    def apply(self, routes: Sequence[Route]) -> None:
        """Have exactly these routes in force: all of them at one moment, or none.

        Nothing is done where they are in force. Whenever it is interrupted, what is in force is
        what was before or what shall be.
        """
        ...

    def routes(self) -> tuple[Route, ...] | None:
        """The routes that are in force, in order, as what carries the traffic says.

        `None` where nothing is set up, or where what is set up is not whole.
        """
        ...

    def connections(self, endpoints: Collection[Endpoint]) -> int:
        """How many TCP connections that came by a route are open to one of these."""
        ...

    def forget(self, endpoints: Collection[Endpoint]) -> None:
        """Cut the connections to these, and lead UDP flows to where their port leads now."""
        ...

    def remove(self) -> None:
        """Remove all that was set up, with the connections; where nothing is, do nothing."""
        ...

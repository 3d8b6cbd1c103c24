"""A port that a proxy listens on."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable, Iterator

from fata.deploy.traffic.proxy.relay import prepare
from fata.deploy.traffic.route import Route

BACKLOG = 4096
_EVERYWHERE = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - for all to reach
_NO_IPV6 = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL))


class Door:
    """`Door(route, sockets)` is what listens on the port of `route`, which may change."""

    __slots__ = ("route", "sockets")

    def __init__(self, route: Route, sockets: Iterable[socket.socket]) -> None:
        self.route = route
        self.sockets = tuple(sockets)

    def accept(self, listener: socket.socket, most: int) -> Iterator[socket.socket]:
        """The connections that wait at one of the sockets. Raises `OSError` where none can be."""
        for _ in range(most):
            try:
                client, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            client.setblocking(False)
            yield client

    def close(self) -> None:
        """Listen no more. Another process may have the same sockets, and go on."""
        for each in self.sockets:
            each.close()


def open_door(route: Route) -> Door:
    """`open_door(route)` listens on all addresses of the host. Raises `OSError`."""
    sockets = bound(route.port)
    try:
        for each in sockets:
            each.listen(BACKLOG)
    except OSError:
        for each in sockets:
            each.close()
        raise
    return Door(route, sockets)


def bound(port: int) -> list[socket.socket]:
    """`bound(port)` is sockets that have the port, and do not listen. Raises `OSError`."""
    with contextlib.ExitStack() as stack:
        made = []
        for family, address in _EVERYWHERE.items():
            try:
                made.append(stack.enter_context(_bound(family, address, port)))
            except OSError as error:
                if family is socket.AF_INET or error.errno not in _NO_IPV6:
                    raise
        stack.pop_all()
    return made


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        prepare(made)
        made.bind((address, port))
        stack.pop_all()
    return made

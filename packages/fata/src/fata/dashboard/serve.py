"""Serving the dashboard on this machine's loopback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import uvicorn

from fata.dashboard.access import Access
from fata.dashboard.application import application
from fata.dashboard.link import Caller, Link
from functoria.error import UserError

ADDRESS = "127.0.0.1"
_GRACE = 2


def serve(
    host: str,
    opened: Callable[[], AbstractContextManager[Caller]],
    port: int,
    ready: Callable[[str], None],
) -> None:
    """`serve(host, opened, port, ready)` serves until it is interrupted.

    `opened()` is a new connection to the host, and `ready` is told the address, token and all. Port
    0 is one that is free. Raises `UserError` where the host cannot be asked, or the port is taken.
    """
    access, link = Access(), Link(opened)
    with contextlib.closing(_listening(port)) as listening:
        try:
            link.call("status", {})
            server = uvicorn.Server(_configuration(host, link, access))
            ready(f"http://{ADDRESS}:{listening.getsockname()[1]}/?token={access.token}")
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listening])
        finally:
            link.close()


def _configuration(host: str, link: Link, access: Access) -> uvicorn.Config:
    return uvicorn.Config(
        application(host, link, access),
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=32 << 10,
    )


def _listening(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((ADDRESS, port))
        made.listen()  # now: whoever reads the address may be quick
    except OSError as error:
        made.close()
        raise UserError(
            f"port {port} of {ADDRESS} cannot be had: {(error.strerror or str(error)).lower()}",
            "--port",
            "choose another, or none: then one is chosen that is free",
        ) from None
    return made

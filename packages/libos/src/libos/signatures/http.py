"""The HTTP server as an application sees it: a place to serve an ASGI application from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

# The names and shapes of the ASGI 3.0 specification. The values are of many types, by design.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Http(Protocol):
    """A server for one ASGI 3.0 application: what a program's `start(http)` is given."""

    async def serve(self, application: Application) -> None:
        """Serve `application` until the calling task is cancelled, then drain and return.

        The application's lifespan startup runs before the first connection is accepted, and its
        shutdown after the last request is answered or the drain limit has passed. An exception
        that carries the application's own message is raised if its startup fails, and `OSError`
        if the port cannot be had.
        """
        ...

"""What a host said when it was asked last, so that it need not be asked each time.

It may have changed since; whoever recalls something notices when that is so, and asks again.
"""

from __future__ import annotations

from fata.cache import Cache, cache_directory, key_of
from fata.host.connection import Connection


def recall(connection: Connection, what: str) -> str | None:
    """`recall(connection, what)` is what was remembered of the host, or `None`."""
    content = _cache().get(_key(connection, what))
    return None if content is None else content.decode(errors="replace")


def remember(connection: Connection, what: str, text: str) -> None:
    """`remember(connection, what, text)` is for `recall`."""
    _cache().put(_key(connection, what), text.encode())


def _cache() -> Cache:
    return Cache(cache_directory() / "hosts")


def _key(connection: Connection, what: str) -> str:
    return key_of(what, connection.destination.name, str(connection.destination.port))

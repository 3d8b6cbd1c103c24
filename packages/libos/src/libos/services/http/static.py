"""An ASGI application that serves the values of a read-only key-value store as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.services.http.byte_range import Unsatisfiable, byte_range
from libos.services.http.content_type import content_type
from libos.services.http.status import REASONS
from libos.signatures.kv_ro import InvalidKey

if TYPE_CHECKING:
    from libos.signatures.http import Receive, Scope, Send
    from libos.signatures.kv_ro import KvRo

# What is read and sent at a time, so what a slow peer costs in memory.
_CHUNK = 65536

_Headers = list[tuple[bytes, bytes]]


class StaticFiles:
    """`StaticFiles(store)` serves `/a/b` from the key `a/b`, to GET and HEAD.

    A path that ends in `/` is answered with the value named `index` in that dictionary; a
    dictionary without the slash is redirected to it. Answers carry an ETag made of the value's
    digest, and conditional (If-None-Match, If-Range) and single-range requests are honoured.
    `cache_control` is the value of that header for what is found; `not_found` is the key of a
    page to send with status 404 instead of a line of text. Below the `root_path` of a router
    the rest of the path is the key.
    """

    __slots__ = ("_cache_control", "_index", "_not_found", "_store")

    def __init__(
        self,
        store: KvRo,
        *,
        index: str = "index.html",
        cache_control: str | None = None,
        not_found: str | None = None,
    ) -> None:
        self._store = store
        self._index = index
        self._cache_control = cache_control
        self._not_found = not_found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; `RuntimeError` is raised for any scope but `http`."""
        if scope["type"] != "http":
            raise RuntimeError(f"files are served over http, not {scope['type']}")
        if scope["method"] not in {"GET", "HEAD"}:
            await _text(send, 405, [(b"allow", b"GET, HEAD")])
            return
        path: str = scope["path"]
        root_path: str = scope.get("root_path", "")
        if root_path and path.startswith(f"{root_path}/"):
            path = path[len(root_path) :]
        try:
            await self._serve(path.removeprefix("/"), scope, send)
        except InvalidKey:
            await self._send_not_found(scope, send)

    async def _serve(self, key: str, scope: Scope, send: Send) -> None:
        inside = not key or key.endswith("/")
        if inside:
            key += self._index
        kind = await self._store.exists(key)
        if kind == "value":
            await self._send_value(key, scope, send)
        elif (
            kind == "dictionary"
            and not inside
            and await self._store.exists(f"{key}/{self._index}") == "value"
        ):
            await _text(send, 301, [(b"location", _with_slash(scope))])
        else:
            await self._send_not_found(scope, send)

    async def _send_not_found(self, scope: Scope, send: Send) -> None:
        key = self._not_found
        if key is None or await self._store.exists(key) != "value":
            await _text(send, 404, [])
            return
        size = await self._store.size(key)
        await self._send_bytes(key, 404, [], (0, size), scope["method"] == "HEAD", send)

    async def _send_value(self, key: str, scope: Scope, send: Send) -> None:
        etag = b'"%b"' % (await self._store.digest(key)).encode("ascii")[:32]
        headers: _Headers = [(b"etag", etag)]
        if self._cache_control is not None:
            headers.append((b"cache-control", self._cache_control.encode("ascii")))
        wanted = dict(scope["headers"])
        if _matches(wanted.get(b"if-none-match"), etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body"})
            return
        size = await self._store.size(key)
        headers.append((b"accept-ranges", b"bytes"))
        span = None
        if scope["method"] == "GET" and wanted.get(b"if-range", etag) == etag:
            try:
                span = byte_range(wanted.get(b"range", b""), size)
            except Unsatisfiable:
                headers.append((b"content-range", b"bytes */%d" % size))
                await _text(send, 416, headers)
                return
        if span is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (span[0], span[1] - 1, size)))
        status = 200 if span is None else 206
        head_only = scope["method"] == "HEAD"
        await self._send_bytes(key, status, headers, span or (0, size), head_only, send)

    async def _send_bytes(
        self,
        key: str,
        status: int,
        headers: _Headers,
        span: tuple[int, int],
        head_only: bool,
        send: Send,
    ) -> None:
        offset, end = span
        headers = [
            (b"content-type", content_type(key).encode("ascii")),
            (b"content-length", b"%d" % (end - offset)),
            (b"x-content-type-options", b"nosniff"),
            *headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if head_only:
            offset = end
        while end - offset > _CHUNK:
            chunk = await self._store.get_partial(key, offset, _CHUNK)
            if not chunk:
                raise RuntimeError(f"the value under {key!r} became shorter while it was sent")
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            offset += len(chunk)
        last = await self._store.get_partial(key, offset, end - offset) if end > offset else b""
        await send({"type": "http.response.body", "body": last})


async def _text(send: Send, status: int, headers: _Headers) -> None:
    """Send a response that only says its status. A body is dropped by the server for HEAD."""
    body = f"{status} {REASONS[status]}\n".encode("ascii")
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _matches(if_none_match: bytes | None, etag: bytes) -> bool:
    """Whether the list of tags holds `etag`, compared weakly (RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return if_none_match.strip() == b"*" or etag in tags


def _with_slash(scope: Scope) -> bytes:
    """`_with_slash(scope)` is the request's path and query, with a slash after the path.

    The path has been looked up as a key, so it cannot begin with `//`, which a browser would
    take for another host.
    """
    path: bytes | None = scope.get("raw_path")
    if path is None:
        from urllib.parse import quote

        path = quote(scope["path"]).encode("ascii")
    query: bytes = scope.get("query_string", b"")
    return path + b"/" + (b"?" + query if query else b"")

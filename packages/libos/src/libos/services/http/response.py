"""The head of a response: its bytes, and how its body is framed (RFC 9112 section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.services.http.status import REASONS, status_line

if TYPE_CHECKING:
    from collections.abc import Iterable

# How the body is delimited: not at all, by Content-Length, by chunks, by the end of connection.
BODILESS, LENGTH, CHUNKED, UNTIL_CLOSE = range(4)

_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\r\n") + b"\x7f"


class ResponseHead:
    """The head of a response on the wire in `block`, and what follows from it."""

    __slots__ = ("block", "framing", "keep_alive", "length", "status")

    def __init__(
        self, status: int, headers: Iterable[Iterable[bytes]], *, date: bytes, server: bytes
    ) -> None:
        """`date` and `server` are whole lines, left out where the application gave its own.

        `ValueError` is raised for a header or status that cannot be sent as it is. `framed` then
        completes the head.
        """
        if not 200 <= status <= 999:
            raise ValueError(f"{status} is not the status of a final response (200 to 999)")
        self.status = status
        self.length: int | None = None
        self.keep_alive = True
        lines = [status_line(status)]
        for name, value in headers:
            if not name or name.translate(None, _TOKEN):
                raise ValueError(f"{name!r} is not a header name")
            lowered = name.lower()
            if lowered == b"content-length":
                self._set_length(value)
            elif lowered == b"connection":
                self.keep_alive = b"close" not in value.lower()
            elif lowered != b"transfer-encoding":  # RFC 9112: the server's, not the application's
                lines.append(b"%b: %b\r\n" % (name, value))
                if lowered == b"date":
                    date = b""
                elif lowered == b"server":
                    server = b""
        self.block = block = b"".join(lines)
        ends = len(lines)
        if (
            block.count(b"\n") != ends
            or block.count(b"\r") != ends
            or len(block.translate(None, _CONTROLS)) != len(block)
        ):
            raise ValueError("a response header holds a line break or another control character")
        self.block += server + date

    def _set_length(self, value: bytes) -> None:
        if not value.isdigit() or (self.length is not None and self.length != int(value)):
            raise ValueError(f"{value!r} is not a Content-Length, or not the only one")
        self.length = int(value)

    def framed(self, method: str, http_version: str, whole: int | None, keep_alive: bool) -> bytes:
        """`framed(...)` is the complete head; `framing`, `length` and `keep_alive` are now final.

        `method` and `http_version` are the request's; `whole` is the length of the body where
        all of it is at hand; `keep_alive` is whether the connection may go on.
        """
        keep_alive = keep_alive and self.keep_alive
        extra = b""
        if self.status in {204, 304} or method == "HEAD":
            self.framing = BODILESS
            if self.length is None and self.status not in {204, 304} and whole:
                self.length = whole
            elif self.status == 204:
                self.length = None
        elif self.length is not None or whole is not None:
            self.framing = LENGTH
            self.length = whole if self.length is None else self.length
        elif http_version != "1.0":
            self.framing = CHUNKED
            extra = b"transfer-encoding: chunked\r\n"
        else:
            self.framing = UNTIL_CLOSE
            keep_alive = False
        if self.length is not None:
            extra += b"content-length: %d\r\n" % self.length
        if not keep_alive:
            extra += b"connection: close\r\n"
        elif http_version == "1.0":
            extra += b"connection: keep-alive\r\n"
        self.keep_alive = keep_alive
        return self.block + extra + b"\r\n"


def plain_response(status: int, date: bytes, *, head_only: bool = False) -> bytes:
    """`plain_response(status, date)` is a whole response that says its status and closes."""
    body = f"{status} {REASONS[status]}\n".encode("ascii")
    headers = ((b"content-type", b"text/plain; charset=utf-8"),)
    head = ResponseHead(status, headers, date=date, server=b"")
    block = head.framed("GET", "1.1", len(body), keep_alive=False)
    return block if head_only else block + body

"""The head of a request: what h11 parsed, judged and cut up the way ASGI wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h11

_HEX = b"0123456789abcdefABCDEF"


class Refused(Exception):  # noqa: N818 - not a fault of ours: an answer
    """`Refused(status, why)` is a request that is answered with `status` and a close."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class RequestHead:
    """The head of one request; nothing in it changes, so one may serve many equal requests."""

    __slots__ = (
        "expects_continue",
        "has_body",
        "headers",
        "http_version",
        "keep_alive",
        "method",
        "path",
        "query_string",
        "raw_path",
    )

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    http_version: str
    headers: tuple[tuple[bytes, bytes], ...]
    has_body: bool
    keep_alive: bool
    expects_continue: bool

    def __init__(self, request: h11.Request, max_target_bytes: int) -> None:
        """`RequestHead(request, max_target_bytes)` raises `Refused` for what is not served."""
        if request.http_version[:2] != b"1.":
            raise Refused(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
        self.http_version = "1.0" if request.http_version == b"1.0" else "1.1"
        self.method = request.method.decode("ascii")
        self._read_target(request.target, max_target_bytes)
        self.headers = tuple(request.headers)
        self._read_headers()

    def _read_target(self, target: bytes, max_target_bytes: int) -> None:
        """Set what the request line says (RFC 9112 section 3.2)."""
        if len(target) > max_target_bytes:
            raise Refused(414, f"the request target is longer than {max_target_bytes} bytes")
        if self.method == "CONNECT":
            raise Refused(501, "this server is not a proxy")
        if target[:1] != b"/":
            target = _origin_form(target, self.method)
        self.raw_path, _, self.query_string = target.partition(b"?")
        self.path = percent_decoded(self.raw_path)

    def _read_headers(self) -> None:
        """Set what the headers say of the connection and the body (RFC 9112 sections 6, 9)."""
        length: bytes | None = None
        chunked = False
        options = b""
        expects = False
        for name, value in self.headers:
            if name == b"connection":
                options += b"," + value
            elif name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"expect":
                expects = value.lower() == b"100-continue"
        # RFC 9112 section 6.1: either is how requests are smuggled past a proxy.
        if chunked and (length is not None or self.http_version == "1.0"):
            raise Refused(400, "Transfer-Encoding with Content-Length or in HTTP/1.0")
        self.has_body = chunked or (length is not None and int(length) > 0)
        self.expects_continue = expects and self.has_body and self.http_version != "1.0"
        self.keep_alive = self.http_version != "1.0"
        if options:
            words = {word.strip() for word in options.lower().split(b",")}
            self.keep_alive = b"close" not in words and (self.keep_alive or b"keep-alive" in words)


def _origin_form(target: bytes, method: str) -> bytes:
    """`_origin_form(target, method)` is the path and query of an absolute-form target."""
    if target == b"*" and method == "OPTIONS":
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in {b"http", b"https"}:
        raise Refused(400, "the request target is neither a path nor an http address")
    authority_end = min((i for i in (rest.find(b"/"), rest.find(b"?")) if i >= 0), default=-1)
    if authority_end == 0 or not rest:
        raise Refused(400, "the request target names no host")
    path = rest[authority_end:] if authority_end > 0 else b"/"
    return path if path[:1] == b"/" else b"/" + path


def percent_decoded(path: bytes) -> str:
    """`percent_decoded(path)` is the text of `path`: %XX are bytes of UTF-8 (RFC 3986).

    A `%` that no two hexadecimal digits follow stands for itself; what is not UTF-8 becomes
    U+FFFD, as in the standard library's `unquote`, which is not imported for its cost.
    """
    if b"%" not in path:
        return path.decode("ascii")
    first, *pieces = path.split(b"%")
    out = bytearray(first)
    for piece in pieces:
        digits = piece[:2]
        if len(digits) == 2 and not digits.strip(_HEX):
            out.append(int(digits, 16))
            out += piece[2:]
        else:
            out += b"%" + piece
    return out.decode("utf-8", "replace")

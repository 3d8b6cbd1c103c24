"""Asking a guest by HTTP."""

from __future__ import annotations

import time
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from fata.deploy.health.answer import Probe, duration, shown
from fata.deploy.health.wire import Wire, trouble, wire
from fata.deploy.traffic.route import Endpoint
from fata.settings.model import Health

if TYPE_CHECKING:
    import socket

BODY_BYTES = 65536
"""Of a longer body the rest is not looked at."""

_SAFE = "/%?&=+,;:@!$'()*~[]"  # RFC 3986, 3.3 and 3.4


def ask_http(health: Health, target: Endpoint) -> Probe:
    """`ask_http(health, target)` is what a `GET` of `health.path` came to. Nothing is followed."""
    begin = time.monotonic()
    response: HTTPResponse | None = None
    body, problem = bytearray(), ""
    try:
        with wire(target, health.timeout) as connection:
            connection.send(_request(health.path, target))
            response = _head(connection)
            _read_body(response, body)
    except (OSError, HTTPException, ValueError, IndexError) as error:
        problem = _problem(error, response, health.timeout)
    seconds = time.monotonic() - begin
    if response is None:
        return Probe(False, problem, None, "", seconds)
    content = bytes(body)
    ok, said = _verdict(health, response.status, content, problem, seconds)
    return Probe(ok, said, response.status, shown(content), seconds)


def _request(path: str, target: Endpoint) -> bytes:
    host = target.address if target.port == 80 else str(target)
    lines = (
        f"GET /{quote(path.removeprefix('/'), safe=_SAFE)} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: fata",
        "Accept: */*",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _head(connection: Wire) -> HTTPResponse:
    response = HTTPResponse(cast("socket.socket", connection), method="GET")
    response.begin()
    return response


def _read_body(response: HTTPResponse, body: bytearray) -> None:
    """Read into `body` what there is of it. Raises `HTTPException` where it is cut off."""
    while len(body) < BODY_BYTES:
        piece = response.read1(BODY_BYTES - len(body))
        if not piece:
            break
        body += piece
    else:
        return
    if response.length:
        raise HTTPException("cut off")


def _problem(error: Exception, response: HTTPResponse | None, timeout: float) -> str:
    """What went wrong before there was an answer, or in the middle of it."""
    if response is not None:
        late = isinstance(error, TimeoutError)
        return f"did not finish within {timeout:g} s" if late else "broke off in the middle"
    if isinstance(error, RemoteDisconnected):
        return "closed the connection without an answer"
    if isinstance(error, OSError):
        return trouble(error, timeout)
    return "answered with something that is not HTTP"


def _verdict(
    health: Health, status: int, body: bytes, problem: str, seconds: float
) -> tuple[bool, str]:
    answered = f"answered {_named(status)}"
    if status != health.status:
        wanted = "" if health.status == HTTPStatus.OK else f", where {health.status} is wanted"
        return False, f"{answered} in {duration(seconds)}{wanted}"
    if problem:
        return False, f"{answered}, but {problem}"
    if health.text is not None and health.text.encode() not in body:
        text = " ".join(shown(health.text[:64].encode()).split("\n"))
        return False, f"{answered}, but the body does not have the text `{text}`"
    return True, f"{answered} in {duration(seconds)}"


def _named(status: int) -> str:
    """The status with the phrase that RFC 9110 has for it, and not the guest's own."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)

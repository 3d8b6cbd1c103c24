"""Small ASGI applications that the tests of the server share."""

from __future__ import annotations

from typing import Any


async def read_body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


async def respond(send: Any, body: bytes, status: int = 200, headers: Any = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers the path."""
    assert scope["type"] == "http"
    await respond(send, scope["path"].encode())


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers the body of the request."""
    assert scope["type"] == "http"
    await respond(send, await read_body(receive))

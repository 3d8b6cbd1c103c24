"""The job of a WSGI program: its application behind the server, until the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.services.http.wsgi import Wsgi

if TYPE_CHECKING:
    from libos.services.http.wsgi import WsgiApplication
    from libos.signatures.http import Http


async def serve(http: Http, *, application: WsgiApplication, threads: int) -> None:
    """Serve `application` in at most `threads` threads until the program ends."""
    await http.serve(Wsgi(application, threads))

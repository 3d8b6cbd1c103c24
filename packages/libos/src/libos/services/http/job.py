"""The job of a program that is nothing but an ASGI application."""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from libos.signatures.http import Application, Http


async def serve(http: Http, *, application: Application) -> None:
    """`serve(http, application=a)` serves `a` until the program is told to end."""
    await http.serve(application)

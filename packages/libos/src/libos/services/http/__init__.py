"""HTTP/1.1 for ASGI 3.0 applications, parsed by h11, over any stack."""

from libos.services.http.server import HttpServer

__all__ = ["HttpServer"]

"""The `environ` of a WSGI application (PEP 3333), made of an ASGI scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from libos.signatures.http import Scope

# CGI has names of its own for these. A client's `Proxy` would become HTTP_PROXY, which clients
# in the application take for an instruction ("httpoxy"). The length of a body that comes in
# chunks is not known before its end.
_NOT_AS_HTTP = {b"content-type", b"content-length", b"proxy", b"transfer-encoding"}


def environ_of(scope: Scope) -> dict[str, Any]:
    """`environ_of(scope)` is all of the `environ` but the streams.

    Text in it is bytes as ISO-8859-1 decodes them ("native strings"). A header whose name has a
    `_` is left out, for it could pass for another one with a `-`.
    """
    root = scope.get("root_path", "")
    path: str = scope["path"]
    host, port = scope["server"] or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": _native(root),
        "PATH_INFO": _native(path[len(root) :] if root and path.startswith(f"{root}/") else path),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope["client"]:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name, value in scope["headers"]:
        _add_header(environ, name, value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: bytes, value: str) -> None:
    if b"_" in name:
        return
    variable = name.decode("latin-1").upper().replace("-", "_")
    if name not in _NOT_AS_HTTP:
        variable = f"HTTP_{variable}"
    elif name not in {b"content-type", b"content-length"}:
        return
    if variable in environ and name not in {b"content-type", b"content-length"}:
        separator = "; " if name == b"cookie" else ", "  # RFC 9113 section 8.2.3, RFC 9110 5.3
        environ[variable] += separator + value
    else:
        environ[variable] = value


def _native(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")

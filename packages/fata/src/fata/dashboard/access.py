"""Who may see the pages: those who have the token, and come by a name of this machine.

Loopback keeps other machines out. It does not keep out other users of this one, nor a page on the
web that has its name lead to 127.0.0.1, nor one that sends a form here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAMES = frozenset({"127.0.0.1", "localhost"})
_URL = "/?&=%+"
_MACHINES = ("/metrics", "/api/")
"""What programs ask for, which keep no cookies and follow no redirections."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer, forms would not say where they are from
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Access:
    """`Access()` is the secrets of one run.

    `token` is in the address that is printed, and `session` in the cookie that it is exchanged for.
    """

    token: str = field(default_factory=_random, repr=False)
    session: str = field(default_factory=_random, repr=False)

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies know no ports, and there may be another dashboard."""
        return "fata-" + hashlib.sha256(self.session.encode()).hexdigest()[:8]

    @property
    def form(self) -> str:
        """What a form of ours carries, and no other can know."""
        return hmac.digest(self.session.encode(), b"form", "sha256").hex()

    def has_token(self, text: str | None) -> bool:
        """Whether that is the token."""
        return _same(text, self.token)

    def has_session(self, request: Request) -> bool:
        """Whether the request has our cookie."""
        return _same(request.cookies.get(self.cookie), self.session)

    def has_form(self, text: str | None) -> bool:
        """Whether that is what our forms carry."""
        return _same(text, self.form)


class Guard:
    """`Guard(app, access)` lets through to `app` what may be answered, and guards each answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, guarded)

    def _refusal(self, request: Request) -> Response | None:
        """What to answer instead."""
        if not _is_ours(request.headers):
            return _refused(421, "This page is only at 127.0.0.1 and localhost.")
        if request.method not in {"GET", "HEAD", "POST"}:
            return _refused(405, "That cannot be done here.")
        if request.method == "POST" and not _from_here(request.headers):
            return _refused(403, "Another site has sent this; it was not done.")
        if request.method != "POST":
            token = request.query_params.get("token")
            machine = request.url.path.startswith(_MACHINES)
            if machine and self._access.has_token(token or _bearer(request.headers)):
                return None
            if not machine and self._access.has_token(token):
                return self._welcome(request)
        if self._access.has_session(request):
            return None
        return _refused(
            401, "Open the address that `fata dashboard` has printed: its token lets you in."
        )

    def _welcome(self, request: Request) -> Response:
        """The same page without the token in its address, which is kept in the browser's past."""
        rest = _without_token(request.query_params)
        path = "/" + request.url.path.lstrip("/")  # `//name` would be another machine
        target = path + (f"?{rest}" if rest else "")
        response: Response = RedirectResponse(target, 303)
        if request.headers.get("sec-fetch-site") == "cross-site":
            # From a terminal that is a web page: what follows a redirection would have no cookie.
            response = PlainTextResponse(
                "", headers={"refresh": f"0; url={quote(target, safe=_URL)}"}
            )
        response.set_cookie(
            self._access.cookie, self._access.session, httponly=True, samesite="strict", path="/"
        )
        return response


def _is_ours(headers: Headers) -> bool:
    """Whether it was asked for by a name of this machine, whatever its port is forwarded from."""
    hosts = headers.getlist("host")
    if len(hosts) != 1:
        return False
    name, colon, port = hosts[0].partition(":")
    return name.lower() in _NAMES and (not colon or (port.isascii() and port.isdigit()))


def _from_here(headers: Headers) -> bool:
    """Whether a browser, if it says so, says that a page of ours has sent it."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin.lower() != f"http://{headers['host'].lower()}":
        return False
    return site in (None, "same-origin")


def _bearer(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _without_token(query: QueryParams) -> str:
    return urlencode([(name, value) for name, value in query.multi_items() if name != "token"])


def _refused(code: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", code)


def _same(text: str | None, secret: str) -> bool:
    """Whether they are the same, in a time that does not tell how much of them is."""
    return text is not None and hmac.compare_digest(text.encode(), secret.encode())

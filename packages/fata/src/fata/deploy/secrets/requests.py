"""What `fata agent secrets` answers: the host's side of `fata secrets`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import msgspec

from fata.deploy.secrets.vault import Vault
from functoria import UserError


@dataclass(frozen=True, slots=True)
class Request:
    """`Request(action, app, environment, ...)` is one command about secrets.

    `by` is who the client says it is.
    """

    action: Literal["set", "list", "remove"]
    app: str
    environment: str
    name: str = ""
    value: bytes = b""
    by: str = ""


def handle(root: Path, request: Mapping[str, object], by: str | None = None) -> dict[str, object]:
    """`handle(root, request)` is the answer to a request, to be sent back as JSON.

    A value is never in it. `by` is who asks, where the host knows better than what the request
    says. Raises `UserError`.
    """
    try:
        asked = msgspec.convert(request, Request)
    except ValueError:  # its text might quote the value
        raise UserError(
            "this is no request about secrets",
            "fata agent secrets",
            "see that client and host have one version of fata, then run the command again",
        ) from None
    vault, place = Vault(root), (asked.app, asked.environment)
    if asked.action == "list":
        entries = [asdict(entry) for entry in vault.list(*place)]
        return {"version": vault.version(*place), "secrets": entries}
    if asked.action == "remove":
        return {"version": vault.remove(*place, asked.name)}
    who = by or _printable(asked.by) or "somebody"
    return {"version": vault.set(*place, asked.name, asked.value, by=who, now=time.time())}


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]

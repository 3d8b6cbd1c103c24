"""One app in one environment, of which generations run one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fata.deploy.secrets.names import check_place

_GUEST = re.compile(
    r"(?P<app>[a-z][a-z0-9-]{0,30})\.(?P<environment>[a-z][a-z0-9-]{0,30})\.g(?P<number>[1-9]\d{0,8})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """`Service("website", "production")` is what a host runs one live generation of."""

    app: str
    environment: str

    def __str__(self) -> str:
        return f"{self.app}.{self.environment}"

    def guest(self, generation: int) -> str:
        """`guest(7)` is the name of the VM of that generation, such as `website.production.g7`."""
        return f"{self}.g{generation}"


def service_of(app: str, environment: str) -> Service:
    """`service_of(app, environment)` is that service. Raises `UserError` for impossible names."""
    check_place(app, environment)
    return Service(app, environment)


def parse_guest(name: str) -> tuple[Service, int] | None:
    """`parse_guest(name)` is whose guest that is; `None` for a name that no service has."""
    match = _GUEST.fullmatch(name)
    if match is None:
        return None
    return Service(match["app"], match["environment"]), int(match["number"])

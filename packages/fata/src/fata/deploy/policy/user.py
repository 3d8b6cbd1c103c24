"""One user of a host, and what they may do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fata.deploy.policy.pattern import ANY, PortRange, matches
from fata.deploy.policy.permission import BRINGING, DEFAULT, NEEDED, STARTING, Permission
from fata.deploy.policy.wish import Used, Wish
from functoria.converter import SIZE
from functoria.error import Position, UserError

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class User:
    """`User(name, apps, ...)` is what policy.toml says of a user; a limit that is `None` is none.

    `apps` and `environments` are patterns. `guests` counts those that run at once. `memory` is in
    MiB, `disk` the bytes of volumes; with `cpus` they are for all guests together. `signers` are
    the principals of whom one has to have signed what this user brings. `places` says where each
    key is written, `""` is the user.
    """

    name: str
    apps: tuple[str, ...] = ()
    environments: tuple[str, ...] = (ANY,)
    may: frozenset[Permission] = DEFAULT
    guests: int | None = None
    memory: int | None = None
    cpus: int | None = None
    disk: int | None = None
    bridges: tuple[str, ...] | None = None
    ports: tuple[PortRange, ...] | None = None
    signers: tuple[str, ...] | None = None
    places: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)

    def sees(self, app: str, environment: str) -> bool:
        """`user.sees(app, environment)` is whether they may know that it is there."""
        return matches(self.apps, app) and matches(self.environments, environment)

    def check_verb(self, verb: str) -> None:
        """Raise `UserError` where the user may not do this with any app."""
        if verb not in NEEDED:
            raise UserError(
                f"`{verb}` is for administrators of the host",
                self._place(""),
                "ask one of them to do it: whoever may log in there as root",
            )
        permission = NEEDED[verb]
        if permission is not None and permission not in self.may:
            raise self._refused("may", f"{self.name} may not {_DOING[permission]}")

    def check_access(self, verb: str, app: str, environment: str | None) -> None:
        """Raise `UserError` where the user may not do this with that app, there."""
        self.check_verb(verb)
        if not matches(self.apps, app):
            raise self._refused("apps", f"`{_shown(app)}` is no app of {self.name}")
        if environment is not None and not matches(self.environments, environment):
            what = f"`{_shown(environment)}` is no environment of {self.name}"
            raise self._refused("environments", what)

    def check(self, wish: Wish, used: Used) -> None:
        """Raise `UserError` that says what of the wish the user may not have."""
        environment = wish.environment
        self.check_access(wish.verb, wish.app, environment)
        if wish.verb in BRINGING and environment is not None:
            self._check_signer(wish)
        if wish.verb in STARTING and environment is not None:
            self._check_amounts(wish, used)
            self._check_places(wish)

    def _check_signer(self, wish: Wish) -> None:
        if self.signers is not None and wish.signer not in self.signers:
            by = "by nobody whom the host knows" if wish.signer is None else f"by {wish.signer}"
            names = " or ".join(self.signers) or "nobody"
            raise self._refused(
                "signers", f"what {self.name} deploys has to be signed by {names}, and is {by}"
            )

    def _check_amounts(self, wish: Wish, used: Used) -> None:
        amounts = (
            ("guests", self.guests, used.guests, 1, str, "guests at once"),
            ("memory", self.memory, used.memory, wish.memory, _mib, "of memory"),
            ("cpus", self.cpus, used.cpus, wish.cpus, str, "CPUs"),
            ("disk", self.disk, used.disk, wish.disk, SIZE.show, "of volumes"),
        )
        for key, limit, have, more, show, noun in amounts:
            if limit is not None and have + more > limit:
                raise self._refused(
                    key,
                    f"{self.name} may have {show(limit)} {noun}: {show(have)} in use, "
                    f"{show(more)} more asked for",
                    "stop or remove another app, ask for less, or",
                )

    def _check_places(self, wish: Wish) -> None:
        for bridge in wish.bridges:
            if self.bridges is not None and bridge not in self.bridges:
                raise self._refused("bridges", f"{self.name} may not use the bridge `{bridge}`")
        for port in wish.ports:
            if self.ports is not None and not any(port in ports for ports in self.ports):
                raise self._refused("ports", f"{self.name} may not have port {port} of the host")

    def _refused(self, key: str, what: str, otherwise: str = "") -> UserError:
        ask = f"ask an administrator of the host, who may change `{key}` of `[users.{self.name}]`"
        return UserError(what, self._place(key), f"{otherwise} {ask} there".lstrip())

    def _place(self, key: str) -> Position | str:
        return self.places.get(key) or self.places.get("") or "policy.toml"


_DOING: Mapping[Permission, str] = {
    Permission.DEPLOY: "deploy",
    Permission.ROLLBACK: "roll back",
    Permission.RESTART: "restart guests",
    Permission.STOP: "stop guests",
    Permission.REMOVE: "remove apps",
    Permission.SECRETS: "list or change secrets",
    Permission.LOGS: "read logs and consoles",
    Permission.PUSH: "push",
}


def _shown(name: str) -> str:
    return "".join(char for char in name[:64] if char.isprintable())


def _mib(amount: int) -> str:
    return str(SIZE.show(amount * _MIB))

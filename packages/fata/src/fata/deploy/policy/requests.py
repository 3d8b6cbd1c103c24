"""What `fata agent policy` answers: the host's side of `fata host allow`, `disallow`, `users`."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import msgspec

from fata.deploy.policy.edit import Value, with_user, without_user
from fata.deploy.policy.keys import Gated, gated, parse_keys, with_keys
from fata.deploy.policy.load import FILE_NAME, load, parse, parse_user
from fata.deploy.policy.user import User
from fata.deploy.store.durable import reported
from functoria.action import write_file
from functoria.converter import SIZE
from functoria.error import UserError

_MIB = 1 << 20
_VALUES = (
    *("apps", "environments", "may", "guests", "memory"),
    *("cpus", "disk", "bridges", "ports", "signers"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """`Request(action, name, keys, ...)` is one command about users.

    `keys` is the text of a file of public keys. The rest is as in policy.toml; where all of it is
    `None`, a user that there is keeps what they have.
    """

    action: Literal["allow", "disallow", "list"]
    name: str = ""
    keys: str = ""
    apps: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    may: tuple[str, ...] | None = None
    guests: int | None = None
    memory: str | None = None
    cpus: int | None = None
    disk: str | None = None
    bridges: tuple[str, ...] | None = None
    ports: tuple[str, ...] | None = None
    signers: tuple[str, ...] | None = None

    @property
    def values(self) -> dict[str, Value]:
        """What the user's table is to say, in order."""
        said = {key: getattr(self, key) for key in _VALUES}
        return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Listed:
    """`Listed(name, keys, apps, ...)` is a user, as the host tells it: as in policy.toml.

    `keys` are fingerprints.
    """

    name: str
    keys: tuple[str, ...]
    apps: tuple[str, ...]
    environments: tuple[str, ...]
    may: tuple[str, ...]
    guests: int | None
    memory: str | None
    cpus: int | None
    disk: str | None
    bridges: tuple[str, ...] | None
    ports: tuple[str, ...] | None
    signers: tuple[str, ...] | None


def handle(root: Path, request: Mapping[str, object], home: Path) -> dict[str, object]:
    """`handle(root, request, home)` is the answer to a request, to be sent back as JSON.

    It is for administrators. `home` is that of the agent's user, whose
    `.ssh/authorized_keys` sshd reads. Raises `UserError`.
    """
    try:
        asked = msgspec.convert(request, Request)
    except ValueError:
        raise UserError(
            "this is no request about users",
            "fata agent policy",
            "see that client and host have one version of fata, then run the command again",
        ) from None
    place = _Place(root, home)
    if asked.action == "list":
        return place.listed()
    try:
        parse_user(asked.name)
    except ValueError as error:
        do = getattr(error, "do", "choose another name")
        raise UserError(str(error), "NAME", do) from None
    with place.locked():
        return place.allow(asked) if asked.action == "allow" else place.disallow(asked.name)


class _Place:
    """`_Place(root, home)` is the two files in which users are written."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self._policy = root / FILE_NAME
        # It may be a symbolic link, which stays one.
        self._keys = Path(os.path.realpath(home / ".ssh" / "authorized_keys"))

    def listed(self) -> dict[str, object]:
        policy = load(self._root)
        lines = gated(_read(self._keys), self._root)
        names = sorted({*policy.users, *(line.user for line in lines)})
        return {
            "signatures": policy.signatures,
            "users": [_listed(name, policy.users.get(name), lines) for name in names],
        }

    def allow(self, asked: Request) -> dict[str, object]:
        text = _read(self._policy)
        known = parse(text.encode("utf-8", "surrogateescape"), str(self._policy)).users
        new = text
        if asked.values or asked.name not in known:
            if not asked.apps:
                raise UserError(
                    f"it is not said which apps {asked.name} may deploy",
                    "--app",
                    "name them, as in `--app website --app 'shop-*'`",
                )
            new = with_user(text, str(self._policy), asked.name, asked.values)
        before = _read(self._keys)
        keys = parse_keys(asked.keys, "KEYFILE")
        after = with_keys(before, self._root, asked.name, keys)
        # A key opens nothing before the policy says what.
        self._replace(self._policy, text, new, 0o600)
        self._replace(self._keys, before, after, 0o600)
        return {"changed": (text, before) != (new, after), **self._one(asked.name)}

    def disallow(self, name: str) -> dict[str, object]:
        before, text = _read(self._keys), _read(self._policy)
        after = with_keys(before, self._root, name, ())
        new = without_user(text, str(self._policy), name)
        if (before, text) == (after, new):
            raise UserError(
                f"{name} is no user of this host", str(self._policy), "see `fata host users`"
            )
        self._replace(self._keys, before, after, 0o600)
        self._replace(self._policy, text, new, 0o600)
        return {"changed": True, **self._one(name)}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        file = self._root / "policy.lock"
        with reported("the users cannot be changed", file):
            lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _one(self, name: str) -> dict[str, object]:
        lines = gated(_read(self._keys), self._root)
        return {"user": _listed(name, load(self._root).users.get(name), lines)}

    def _replace(self, path: Path, before: str, after: str, mode: int) -> None:
        if before == after:
            return
        with reported("the users cannot be changed", path):
            if path == self._keys:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = path.stat().st_mode & 0o777 if path.exists() else mode
            write_file(path, after.encode("utf-8", "surrogateescape"), kept, alone=True)


def _listed(name: str, user: User | None, lines: tuple[Gated, ...]) -> dict[str, object]:
    """What is told of a user; one whom only a key names may do nothing."""
    found = user or User(name, may=frozenset())
    told = Listed(
        name=name,
        keys=tuple(sorted(line.key.fingerprint for line in lines if line.user == name)),
        apps=found.apps,
        environments=found.environments,
        may=tuple(sorted(found.may)),
        guests=found.guests,
        memory=None if found.memory is None else SIZE.show(found.memory * _MIB),
        cpus=found.cpus,
        disk=None if found.disk is None else SIZE.show(found.disk),
        bridges=found.bridges,
        ports=None if found.ports is None else tuple(map(str, found.ports)),
        signers=found.signers,
    )
    return asdict(told)


def _read(path: Path) -> str:
    """The text of a file, of which bytes that are none stay what they are; empty if not there."""
    with reported("what is known of the users cannot be read", path):
        try:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""

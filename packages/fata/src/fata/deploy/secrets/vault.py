"""The secrets of a host's apps: one encrypted file for each environment of each app."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from fata.deploy.secrets.age import Identity
from fata.deploy.secrets.disk import disk_of
from fata.deploy.secrets.names import MOST, check_place, check_secret, check_value
from fata.deploy.store.durable import reported
from functoria import UserError
from functoria.action import write_file


@dataclass(frozen=True, slots=True)
class Entry:
    """`Entry(name, version, set, by)` is what may be shown of a secret.

    `version` is the version of the whole with which it got its value, `set` that moment in
    seconds of the epoch, `by` who did it.
    """

    name: str
    version: int
    set: int
    by: str


@dataclass(frozen=True, slots=True)
class _Secret:
    value: bytes
    version: int
    set: int
    by: str


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file holds, encrypted; `version` counts its changes."""

    version: int
    secrets: dict[str, _Secret]


class Vault:
    """`Vault(root)` is the secrets below `root/secrets`, for the identity in `root/keys`.

    Every method raises `UserError`.
    """

    def __init__(self, root: Path) -> None:
        self._directory = root / "secrets"
        self._identity = Identity(root / "keys" / "identity.age")

    def set(
        self, app: str, environment: str, name: str, value: bytes, *, by: str, now: float
    ) -> int:
        """`set(...)` is the version of the secrets in which `name` has that value."""
        check_secret(name)
        check_value(name, value)
        with self._locked(app, environment) as file:
            found = self._read(file)
            version = found.version + 1
            secret = _Secret(value, version, int(now), by)
            if name not in found.secrets and len(found.secrets) >= MOST:
                raise UserError(
                    f"`{app}` has {MOST} secrets in `{environment}` already",
                    str(file),
                    "remove one that is not needed, with `fata secrets rm`",
                )
            self._write(file, _Content(version, {**found.secrets, name: secret}))
            return version

    def remove(self, app: str, environment: str, name: str) -> int:
        """`remove(app, environment, name)` is the version of the secrets without that one."""
        check_secret(name)
        with self._locked(app, environment) as file:
            found = self._read(file)
            if name not in found.secrets:
                known = ", ".join(f"`{one}`" for one in sorted(found.secrets))
                raise UserError(
                    f"`{app}` has no secret `{name}` in `{environment}`",
                    name,
                    f"its secrets are {known}" if known else "it has none at all",
                )
            rest = {one: secret for one, secret in found.secrets.items() if one != name}
            left = replace(found, version=found.version + 1, secrets=rest)
            self._write(file, left)
            return left.version

    def list(self, app: str, environment: str) -> tuple[Entry, ...]:
        """`list(app, environment)` is what may be shown of the secrets, in order of names."""
        found = self._read(self._file(app, environment)).secrets
        return tuple(
            Entry(name, secret.version, secret.set, secret.by)
            for name, secret in sorted(found.items())
        )

    def version(self, app: str, environment: str) -> int:
        """`version(app, environment)` counts the changes of its secrets, from 0."""
        return self._read(self._file(app, environment)).version

    def disk(self, app: str, environment: str, required: Sequence[str]) -> bytes:
        """`disk(app, environment, required)` is the content of the disk with the secrets.

        Refuses where one is missing that the program requires.
        """
        found = self._read(self._file(app, environment)).secrets
        missing = [name for name in required if name not in found]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            raise UserError(
                f"`{app}` needs the secret{'s' if len(missing) > 1 else ''} {names}, which "
                f"`{environment}` does not have",
                "config.py",
                f"set it with `fata secrets set {missing[0]} --app {app} --env {environment}`, "
                "then deploy again",
            )
        return disk_of({name: secret.value for name, secret in found.items()})

    def _file(self, app: str, environment: str) -> Path:
        check_place(app, environment)
        return self._directory / app / f"{environment}.age"

    @contextlib.contextmanager
    def _locked(self, app: str, environment: str) -> Iterator[Path]:
        file = self._file(app, environment)
        with reported("the secrets cannot be changed", file):
            for directory in (self._directory, file.parent):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(lock)

    def _read(self, file: Path) -> _Content:
        try:
            encrypted = file.read_bytes()
        except FileNotFoundError:
            return _Content(0, {})
        except OSError as error:
            raise UserError(
                f"the secrets cannot be read: {(error.strerror or str(error)).lower()}",
                str(file),
                "see that the agent runs as the user whom the file belongs to",
            ) from None
        try:
            return msgspec.json.decode(self._identity.decrypted(encrypted, file), type=_Content)
        except ValueError:  # msgspec.DecodeError is one; its text may quote what is secret
            raise UserError(
                "the secrets are damaged",
                str(file),
                "restore the file from a backup of the host, or remove it and set them again",
            ) from None

    def _write(self, file: Path, content: _Content) -> None:
        encrypted = self._identity.encrypted(msgspec.json.encode(content))
        with reported("the secrets cannot be changed", file):
            write_file(file, encrypted, 0o600, alone=True)

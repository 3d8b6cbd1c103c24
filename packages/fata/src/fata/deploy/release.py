"""What runs as one generation, in full: an image by digest, and everything that is beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from fata.settings import Health, Limits, Port
from functoria.error import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`Release(manifest=..., ...)` is an image and how it is to be run.

    `manifest` and `signature` are digests of blobs in the store, `blobs` all that the image needs
    of it. `memory` is in MiB and, as `cpus`, `None` for what the image says. `arguments` are boot
    arguments. `secrets` is the version of the service's secrets, 0 where the program has none.
    `exclusive` says that it owns a volume, which only one guest may write at a time. `commit` is
    what was built, empty where that is not known, and `arrived` when the image came, in seconds of
    the epoch.
    """

    manifest: str
    program: str
    target: str
    image: str
    signature: str | None = None
    signer: str | None = None
    blobs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    memory: int | None = None
    cpus: int | None = None
    limits: Limits = field(default_factory=Limits)
    health: Health
    keep: int = 3
    secrets: int = 0
    exclusive: bool = False
    commit: str = ""
    modified: bool = False
    arrived: float = 0.0

    @property
    def digest(self) -> str:
        """What is deployed, as one word: the same for the same image, run in the same way."""
        parts = msgspec.to_builtins(self, order="sorted")
        for name in ("arrived", "commit", "modified", "signer", "signature"):
            del parts[name]
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def encode(release: Release) -> str:
    """`encode(release)` is its text for the records."""
    return msgspec.json.encode(release, order="sorted").decode()


def decode(text: str, where: str) -> Release:
    """`decode(text, where)` is the release. Raises `UserError` where the text is damaged."""
    try:
        return msgspec.json.decode(text, type=Release)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"what is written down of a release is damaged: {str(error)[:200]}",
            where,
            "the supervisor takes the last copy of the records: try again in a minute",
        ) from None

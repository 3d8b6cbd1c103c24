"""What somebody asks for, and what they have already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """`Wish(verb, app, environment, ...)` is what a request would do.

    `environment` is `None` where it is not known yet, as when a push begins. `memory` is in MiB,
    `disk` the bytes of the volumes, `ports` those of the host. `signer` is the principal whose
    signature the image has, `None` where it is signed by a key that the host does not know.
    """

    verb: str
    app: str
    environment: str | None = None
    memory: int = 0
    cpus: int = 0
    ports: tuple[int, ...] = ()
    bridges: tuple[str, ...] = ()
    disk: int = 0
    signed: bool = False
    signer: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """`Used(guests, memory, cpus, disk)` is what all apps that a user may deploy have now.

    They have it from the moment when it is written down that a guest is to run.

    `guests` are those that will run beside the new one, however briefly: the one that it replaces
    is among them where it goes on serving meanwhile. The rest, in the units of `Wish`, is without
    what is replaced.
    """

    guests: int = 0
    memory: int = 0
    cpus: int = 0
    disk: int = 0

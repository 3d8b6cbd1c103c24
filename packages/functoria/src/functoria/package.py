"""Packages that a device needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from functoria.error import Position
from functoria.position import here


@dataclass(frozen=True, slots=True)
class Package:
    """`Package(requirement)` is a library that a device needs, as PEP 508 writes it."""

    requirement: str
    position: Position | None = field(default_factory=here, compare=False)

    def __str__(self) -> str:
        return self.requirement

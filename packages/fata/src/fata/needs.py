"""What devices need from the tool, collected from the live graph and from nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from functoria import Position


@dataclass(frozen=True, slots=True)
class Directory:
    """The files below `source`, in the project, stand below `at` in the image."""

    source: str
    at: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class Network:
    """A network interface, which the target provides as the guest's `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Include:
    """Modules that are imported by a name the closure cannot see; `package.*` is all of them."""

    modules: tuple[str, ...]
    position: Position | None


@dataclass(frozen=True, slots=True)
class Exclude:
    """Modules to leave out of the image, whoever imports them."""

    modules: tuple[str, ...]
    position: Position | None


Need = Directory | Network | Include | Exclude

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
class HostPath:
    """The file or directory `path` is used where it lies, by a program that runs as a process.

    Where it `is_read` only, it is a directory that has to be there. `instead` is what a VM, which
    has nothing of the project, may use.
    """

    path: str
    instead: str
    position: Position | None
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """A network interface, which the host gives to the guest under this name."""

    name: str
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, which the host gives to the guest under this name.

    `size` is the least that it must have, in bytes, where the program cares. Of `purpose`
    `secrets` it is the disk that a deployment fills with the app's secrets, at least those that
    it `requires`; otherwise it is `data`.
    """

    name: str
    size: int | None
    read_only: bool
    position: Position | None
    sector_size: int = 512
    purpose: str = "data"
    requires: tuple[str, ...] = ()


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


Need = Directory | HostPath | Network | Disk | Include | Exclude

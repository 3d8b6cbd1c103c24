"""A picture as data: the boxes of a configuration's graph and the lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a box stands for."""

    DEVICE = "device"
    JOB = "job"
    CHOICE = "choice"


class Relation(Enum):
    """What a line says: what is at its end is ..."""

    ARGUMENT = "argument"
    """given to the functor at its start;"""
    KEYWORD = "keyword"
    """given to it by name;"""
    AFTER = "after"
    """only started before it;"""
    BRANCH = "branch"
    """a branch of the choice at its start."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a device is told: a key, shown as `--option`, or a keyword of its constructor.

    `value` is `None` where it is unset. `origin` says where a key's value came from, and is empty
    for what the device's definition says. `stage` is `configure` or `boot`, empty if it is no key.
    """

    name: str
    value: str | None
    origin: str = ""
    stage: str = ""
    doc: str = ""
    position: str = ""

    @property
    def shown(self) -> str:
        """The value as text, in words where there is nothing to show."""
        return "unset" if self.value is None else self.value or "empty"

    @property
    def is_chosen(self) -> bool:
        """Whether somebody said something other than the default."""
        return self.stage == "configure" and self.origin != "default"


@dataclass(frozen=True, slots=True)
class Annotation:
    """`Annotation("size", "91 kB", 90600)` is what a tool adds to a device: a name and a text.

    `amount` is the number behind the text, for those who add up or compare.
    """

    name: str
    text: str
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a choice: its label, and whether it is the one taken."""

    label: str
    taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A device, a job or a choice. `id` is unique in the picture, and the same in every picture.

    That of a live device is its variable in the generated program. What is not `live` belongs to
    a branch that was not taken. `branches` are those of a choice, whose `settings` are the keys
    that it depends on.
    """

    id: str
    kind: Kind
    title: str
    type: str
    constructor: str = ""
    settings: tuple[Setting, ...] = ()
    packages: tuple[str, ...] = ()
    doc: str = ""
    position: str = ""
    annotations: tuple[Annotation, ...] = ()
    branches: tuple[Branch, ...] = ()
    live: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the box that needs to the box that is needed, both by their ids.

    `labels` are the names of the parameters, or that of the branch, whose number is `branch`.
    """

    source: str
    target: str
    relation: Relation
    labels: tuple[str, ...] = ()
    branch: int | None = None
    live: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """`Picture(name, boxes, edges, settings)` is a program's graph, roots first.

    `settings` are the keys of the program, those of the tool among them.
    """

    name: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    settings: tuple[Setting, ...]

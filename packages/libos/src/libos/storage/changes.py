"""Changes of a store: noted, tried out on its index, and then made together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from libos.signatures.kv_ro import NotFound, ValueExpected, segments
from libos.signatures.kv_rw import Taken, new_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from libos.storage.tree import Tree

E = TypeVar("E")


class Set:
    """`key` shall name `value`."""

    __slots__ = ("key", "value")

    def __init__(self, key: str, value: bytes) -> None:
        self.key = new_key(key)
        if not key:
            raise ValueExpected(key)
        self.value = bytes(value)


class Remove:
    """`key` and all below it shall name nothing."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        if not segments(key):
            raise ValueExpected(key)
        self.key = key


class Rename:
    """`destination` shall name what `source` does."""

    __slots__ = ("destination", "source")

    def __init__(self, source: str, destination: str) -> None:
        new_key(destination)
        for key in (source, destination):
            if not segments(key):
                raise ValueExpected(key)
        self.source = source
        self.destination = destination


if TYPE_CHECKING:
    Change = Set | Remove | Rename


class NotedBatch:
    """A `libos.signatures.kv_rw.Batch` whose end gives what was noted to `commit`."""

    __slots__ = ("_commit", "_noted")

    def __init__(self, commit: Callable[[list[Change]], Awaitable[None]]) -> None:
        self._commit = commit
        self._noted: list[Change] = []

    def set(self, key: str, value: bytes) -> None:
        """Note that `key` shall name `value`."""
        self._noted.append(Set(key, value))

    def remove(self, key: str) -> None:
        """Note that `key` and all below it shall name nothing."""
        self._noted.append(Remove(key))

    def rename(self, source: str, destination: str) -> None:
        """Note that `destination` shall name what `source` does."""
        self._noted.append(Rename(source, destination))

    async def __aenter__(self) -> NotedBatch:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        noted, self._noted = self._noted, []
        if kind is None and noted:
            await self._commit(noted)


class Changing:
    """What all stores share that make their changes in `_commit`, which classes define."""

    __slots__ = ()

    async def _commit(self, noted: list[Change]) -> None:
        """Make the changes together, or raise and make none."""
        raise NotImplementedError

    async def set(self, key: str, value: bytes) -> None:
        """`key` names `value` from now on."""
        await self._commit([Set(key, value)])

    async def remove(self, key: str) -> None:
        """`key` names nothing from now on."""
        await self._commit([Remove(key)])

    async def rename(self, source: str, destination: str) -> None:
        """`destination` names from now on what `source` did."""
        await self._commit([Rename(source, destination)])

    def batch(self) -> NotedBatch:
        """`async with store.batch() as batch:` makes what is noted in `batch` one change."""
        return NotedBatch(self._commit)


def outcome(tree: Tree[E], noted: list[Change], make: Callable[[bytes], E]) -> dict[str, E | None]:
    """`outcome(tree, noted, make)` is the entry of each key that the changes touch.

    `None` stands for a key that names no value any more, and `make(value)` for the entries of
    new values. The tree is used to try the changes out and is then as before. Raises what the
    first change that cannot be made raises.
    """
    trial = _Trial(tree)
    try:
        for change in noted:
            if isinstance(change, Set):
                trial.put(change.key, make(change.value))
            elif isinstance(change, Remove):
                trial.remove(change.key)
            else:
                trial.rename(change.source, change.destination)
    finally:
        trial.undo()
    return trial.net


def apply(tree: Tree[E], net: dict[str, E | None]) -> dict[str, E]:
    """`apply(tree, net)` is the entries that `net`, an `outcome`, has driven out of `tree`."""
    driven_out = {}
    for key, entry in net.items():
        if entry is None and tree.kind(key) == "value":
            driven_out[key] = tree.take(key)
    for key, entry in net.items():
        if entry is not None and (before := tree.put(key, entry)) is not None:
            driven_out[key] = before
    return driven_out


class _Trial(Generic[E]):
    """Changes made to a tree, with what it takes to unmake them."""

    __slots__ = ("_before", "_tree", "net")

    def __init__(self, tree: Tree[E]) -> None:
        self._tree = tree
        self._before: list[tuple[str, E | None]] = []
        self.net: dict[str, E | None] = {}

    def put(self, key: str, entry: E) -> None:
        self._before.append((key, self._tree.put(key, entry)))
        self.net[key] = entry

    def remove(self, key: str) -> None:
        if self._tree.kind(key) is None:
            raise NotFound(key)
        for below, _ in list(self._tree.items(key)):
            self._take(below)

    def rename(self, source: str, destination: str) -> None:
        kind = self._tree.kind(source)
        if kind is None:
            raise NotFound(source)
        if source == destination:
            return
        if kind == "dictionary" and destination.startswith(source + "/"):
            raise ValueError(f"{source!r} cannot go below itself, to {destination!r}")
        there = self._tree.kind(destination)
        if there == "dictionary" or (there and kind == "dictionary"):
            raise Taken(destination)
        if kind == "value":
            # Tried first where the source still is: it must not lie on the way.
            entry = self._tree.value(source)
            self.put(destination, entry)
            self._take(source)
            return
        for below, entry in list(self._tree.items(source)):
            self._take(below)
            self.put(new_key(destination + below[len(source) :]), entry)

    def _take(self, key: str) -> None:
        self._before.append((key, self._tree.take(key)))
        self.net[key] = None

    def undo(self) -> None:
        while self._before:
            key, entry = self._before.pop()
            if entry is None:
                self._tree.take(key)
            else:
                self._tree.put(key, entry)

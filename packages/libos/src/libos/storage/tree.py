"""The keys of a store, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from libos.signatures.kv_ro import DictionaryExpected, NotFound, ValueExpected, segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from libos.signatures.kv_ro import Kind

T = TypeVar("T")


class Tree(Generic[T]):
    """`Tree()` maps keys to entries, which are whatever a store knows of a value.

    Entries are no dictionaries: those stand for the dictionaries of the store.
    """

    __slots__ = ("_root", "made")

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self.made = 0
        """`made` is how many dictionaries have been made below the root."""

    def find(self, key: str) -> Any:
        """`find(key)` is the entry, the dictionary of what lies directly below, or `None`."""
        node: Any = self._root
        for part in segments(key):
            if type(node) is not dict:
                return None
            node = node.get(part)
            if node is None:
                return None
        return node

    def kind(self, key: str) -> Kind | None:
        """`kind(key)` is what the key names; `None` if it names nothing."""
        node = self.find(key)
        if node is None:
            return None
        return "dictionary" if type(node) is dict else "value"

    def value(self, key: str) -> T:
        """`value(key)` is the entry of a value. Raises `NotFound` and `ValueExpected`."""
        node = self.find(key)
        if node is None:
            raise NotFound(key)
        if type(node) is dict:
            raise ValueExpected(key)
        entry: T = node
        return entry

    def list(self, prefix: str) -> tuple[tuple[str, Kind], ...]:
        """`list(prefix)` is the name and kind of what lies directly below, sorted by name."""
        node = self.find(prefix)
        if node is None:
            raise NotFound(prefix)
        if type(node) is not dict:
            raise DictionaryExpected(prefix)
        return tuple(
            (name, "dictionary" if type(below) is dict else "value")
            for name, below in sorted(node.items(), key=_name)
        )

    def put(self, key: str, entry: T) -> T | None:
        """`put(key, entry)` is the entry that stood under `key` before `entry` does.

        Raises `ValueExpected` and `DictionaryExpected`, having changed nothing.
        """
        *above, last = segments(key) or ("",)
        node = self._root
        for depth, part in enumerate(above):
            below = node.get(part)
            if below is None:  # from here on nothing can stand in the way
                below = node[part] = {}
                self.made += 1
            elif type(below) is not dict:
                raise DictionaryExpected("/".join(above[: depth + 1]))
            node = below
        before: Any = node.get(last) if key else node
        if type(before) is dict:
            raise ValueExpected(key)
        node[last] = entry
        replaced: T | None = before
        return replaced

    def make(self, key: str) -> None:
        """`make(key)` makes a dictionary, which may be empty, and those above it.

        Raises `DictionaryExpected` if a value stands in the way.
        """
        node = self._root
        for part in segments(key):
            below = node.get(part)
            if below is None:
                below = node[part] = {}
                self.made += 1
            elif type(below) is not dict:
                raise DictionaryExpected(key)
            node = below

    def take(self, key: str) -> T:
        """`take(key)` is the entry of a value that is no longer there.

        Dictionaries that are empty without it are gone, too.
        """
        *above, last = segments(key)
        way = [self._root]
        for part in above:
            way.append(way[-1][part])
        entry: T = way[-1].pop(last)
        while above and not way.pop():
            del way[-1][above.pop()]
        return entry

    def items(self, key: str = "") -> Iterator[tuple[str, T]]:
        """`items(key)` is the keys and entries of all values at or below `key`, in order."""
        waiting: list[tuple[str, Any]] = [(key, self.find(key))]
        while waiting:
            path, node = waiting.pop()
            if type(node) is dict:
                start = f"{path}/" if path else ""
                below = sorted(node.items(), key=_name, reverse=True)
                waiting.extend((start + name, child) for name, child in below)
            elif node is not None:
                yield path, node


def _name(item: tuple[str, object]) -> str:
    return item[0]

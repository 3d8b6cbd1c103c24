"""A read-only key-value store: immutable values under keys that look like relative paths."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["value", "dictionary"]


class StoreError(Exception):
    """A request that a store cannot satisfy; `key` is the key it was about."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"{what}: {key!r}")
        self.key = key


class NotFound(StoreError, LookupError):  # noqa: N818 - the name that MirageOS gives it
    """Nothing is stored under the key."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "no such key")


class InvalidKey(StoreError, LookupError):  # noqa: N818 - says what the key is, as NotFound does
    """The key is not one: an empty, `.` or `..` segment, a backslash, a NUL, not Unicode."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "not a valid key")


class ValueExpected(StoreError):  # noqa: N818 - the name that MirageOS gives it
    """The key names a dictionary where a value is needed."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "a dictionary where a value is expected")


class DictionaryExpected(StoreError):  # noqa: N818 - the name that MirageOS gives it
    """The key names a value where a dictionary is needed."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "a value where a dictionary is expected")


def segments(key: str) -> tuple[str, ...]:
    """`segments(key)` is the path that `key` spells, `()` for the root, which is written "".

    `InvalidKey` is raised for a key that could mean anything but a place inside the store.
    """
    if not key:
        return ()
    parts = tuple(key.split("/"))
    if not key.isascii():
        try:
            key.encode("utf-8")
        except UnicodeEncodeError:  # lone surrogates, which file names can hold and text cannot
            raise InvalidKey(key) from None
    if "\0" in key or "\\" in key or any(part in {"", ".", ".."} for part in parts):
        raise InvalidKey(key)
    return parts


class KvRo(Protocol):
    """A read-only key-value store. Keys are segments joined by `/`, without a leading one.

    A key names a value, a dictionary (which holds what lies below it) or nothing. Every method
    raises `InvalidKey` for a key that `segments` refuses and `OSError` if the medium fails.
    """

    async def get(self, key: str) -> bytes:
        """`get(key)` is the whole value. Raises `NotFound` and `ValueExpected`."""
        ...

    async def get_partial(self, key: str, offset: int, length: int) -> bytes:
        """`get_partial(key, offset, length)` is at most `length` bytes from byte `offset` on.

        It is shorter only where the value ends, so it is empty from the end on. Raises
        `NotFound`, `ValueExpected`, and `ValueError` if either number is negative.
        """
        ...

    async def size(self, key: str) -> int:
        """`size(key)` is the length of the value in bytes. Raises `NotFound`, `ValueExpected`."""
        ...

    async def list(self, prefix: str) -> tuple[tuple[str, Kind], ...]:
        """`list(prefix)` is the name and kind of what lies directly below, sorted by name.

        A name is one segment. Raises `NotFound` and `DictionaryExpected`.
        """
        ...

    async def exists(self, key: str) -> Kind | None:
        """`exists(key)` is what the key names; `None` if it names nothing."""
        ...

    async def digest(self, key: str) -> str:
        """`digest(key)` is text that changes whenever the value under `key` does.

        It is short, printable ASCII without quotes or spaces, and the same in each run for the
        same value. Raises `NotFound` and `ValueExpected`.
        """
        ...

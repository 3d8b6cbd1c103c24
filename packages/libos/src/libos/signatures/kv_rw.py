"""A key-value store that can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from libos.signatures.kv_ro import InvalidKey, KvRo, StoreError, segments

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

KEY_BYTES = 1024
SEGMENT_BYTES = 255


class KeyTooLong(InvalidKey):
    """The key has more than `KEY_BYTES` in UTF-8, or one of its segments over `SEGMENT_BYTES`."""

    def __init__(self, key: str) -> None:
        StoreError.__init__(self, key, "a key with too many bytes")


class NoSpace(StoreError):  # noqa: N818 - says what is missing, as NotFound does
    """There is no room for what was to be stored; the store is as it was before."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "no space left in the store")


class Taken(StoreError):  # noqa: N818 - says what the key is, as NotFound does
    """Something stands under the key that may not be replaced."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "the key is taken")


def new_key(key: str) -> str:
    """`new_key(key)` is `key`, if a value can be stored under it.

    Raises `InvalidKey` as `segments` does, and `KeyTooLong`.
    """
    parts = segments(key)
    if len(key) * 4 > SEGMENT_BYTES and (
        len(key.encode()) > KEY_BYTES or any(len(part.encode()) > SEGMENT_BYTES for part in parts)
    ):
        raise KeyTooLong(key)
    return key


class Batch(Protocol):
    """Changes that are made together. They are noted here, and made when the batch ends.

    Keys are checked at once; whatever depends on the content of the store, at the end.
    """

    def set(self, key: str, value: bytes) -> None:
        """Note that `key` shall name `value`, as `KvRw.set` does."""
        ...

    def remove(self, key: str) -> None:
        """Note that `key` and all below it shall name nothing, as `KvRw.remove` does."""
        ...

    def rename(self, source: str, destination: str) -> None:
        """Note that `destination` shall name what `source` does, as `KvRw.rename` does."""
        ...


class KvRw(KvRo, Protocol):
    """A read-only key-value store that can also be changed.

    *Dictionaries* come with the first value below them and go with the last one. *Atomicity*:
    a change is seen by everyone as soon as its method has returned, and by nobody before; one
    that raises has changed nothing. Changes are made one after another, whichever tasks ask for
    them. *Durability*: when `flush` has returned, all that was changed before outlasts the end
    of the machine. What was changed after the last flush may be lost if the machine ends, each
    change wholly or not at all: never a part of a value, a rename or a batch.

    `OSError` is raised if the medium fails or is read-only.
    """

    async def set(self, key: str, value: bytes) -> None:
        """`key` names `value` from now on, whatever value it named before.

        Raises `ValueExpected` if `key` names a dictionary, `DictionaryExpected` if a shorter key
        on the way to it names a value, `NoSpace` and `KeyTooLong`.
        """
        ...

    async def set_partial(self, key: str, offset: int, data: bytes) -> None:
        """Write `data` into the value from byte `offset` on; the value grows if need be.

        A key that names nothing counts as an empty value. Raises what `set` does, and
        `ValueError` if `offset` is negative or behind the end of the value.
        """
        ...

    async def remove(self, key: str) -> None:
        """`key` names nothing from now on: its value is gone, or all that lies below it.

        Raises `NotFound`, and `ValueExpected` for the root, which cannot be removed.
        """
        ...

    async def rename(self, source: str, destination: str) -> None:
        """`destination` names from now on what `source` did, a value or a dictionary.

        A value at `destination` is replaced by a value; nothing else is: `Taken`. Raises
        `NotFound`, `ValueExpected` for the root, `ValueError` if a dictionary were to go below
        itself, and what `set` raises of `destination`. A key renamed to itself stays.
        """
        ...

    def batch(self) -> AbstractAsyncContextManager[Batch]:
        """`async with store.batch() as batch:` makes what is noted in `batch` one change.

        At the end of the block the changes are made, in order, all or none: what one of them
        raises is raised there, and nothing has changed. Nothing changes either if the block
        itself raises. Until then neither the store nor other tasks see anything of the batch;
        the values stay in memory as long.
        """
        ...

    async def flush(self) -> None:
        """When `flush()` has returned, all that was changed before is on the medium."""
        ...

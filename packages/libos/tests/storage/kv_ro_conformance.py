"""What every read-only key-value store must do: subclass `KvRoConformance` and give it a store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from libos.signatures.kv_ro import DictionaryExpected, InvalidKey, NotFound, ValueExpected

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from libos.signatures.kv_ro import KvRo

# What the store under test is filled with; directories follow from the keys.
CONTENT = {
    "a": b"first",
    "empty": b"",
    "big": bytes(range(256)) * 1000,
    "dir/b": b"second",
    "dir/sub/c.txt": b"third",
    "dir/with space é": b"fourth",
    "same": b"first",
}

INVALID = ["/", "/a", "a/", "dir//b", "..", "../a", "dir/../a", ".", "./a", "a\0", "a\\b", "\udc80"]


def run(awaitable: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await awaitable

    return asyncio.run(main())


class KvRoConformance:
    """A subclass defines the fixture `store`, which holds `CONTENT` and nothing else."""

    @pytest.mark.parametrize("key", CONTENT)
    def test_values(self, store: KvRo, key: str) -> None:
        value = CONTENT[key]
        assert run(store.get(key)) == value
        assert run(store.size(key)) == len(value)
        assert run(store.exists(key)) == "value"

    def test_parts_of_values(self, store: KvRo) -> None:
        value = CONTENT["big"]
        for offset, length in ((0, 0), (0, 5), (255, 2), (1000, 10**12), (len(value) - 1, 9)):
            part = run(store.get_partial("big", offset, length))
            assert part == value[offset : offset + length]
        for offset in (len(value), len(value) + 1, 2**70):
            assert run(store.get_partial("big", offset, 5)) == b""
        for offset, length in ((-1, 1), (0, -1)):
            with pytest.raises(ValueError, match="negative"):
                run(store.get_partial("big", offset, length))

    def test_lists_are_sorted_and_of_one_level(self, store: KvRo) -> None:
        assert run(store.list("")) == (
            ("a", "value"),
            ("big", "value"),
            ("dir", "dictionary"),
            ("empty", "value"),
            ("same", "value"),
        )
        assert run(store.list("dir")) == (
            ("b", "value"),
            ("sub", "dictionary"),
            ("with space é", "value"),
        )

    def test_what_is_not_there(self, store: KvRo) -> None:
        for key in ("none", "dir/none", "a/b", "x" * 5000, "x/" * 3000 + "x", "A"):
            assert run(store.exists(key)) is None
            for method in (store.get, store.size, store.list, store.digest):
                with pytest.raises(NotFound) as caught:
                    run(method(key))
                assert caught.value.key == key
            with pytest.raises(NotFound):
                run(store.get_partial(key, 0, 1))

    def test_dictionaries_are_no_values(self, store: KvRo) -> None:
        for key in ("", "dir", "dir/sub"):
            assert run(store.exists(key)) == "dictionary"
            for method in (store.get, store.size, store.digest):
                with pytest.raises(ValueExpected):
                    run(method(key))
            with pytest.raises(ValueExpected):
                run(store.get_partial(key, 0, 1))
        with pytest.raises(DictionaryExpected):
            run(store.list("a"))

    @pytest.mark.parametrize("key", INVALID)
    def test_keys_that_are_none(self, store: KvRo, key: str) -> None:
        for method in (store.get, store.size, store.list, store.exists, store.digest):
            with pytest.raises(InvalidKey):
                run(method(key))
        with pytest.raises(InvalidKey):
            run(store.get_partial(key, 0, 1))

    def test_digests(self, store: KvRo) -> None:
        digests = {key: run(store.digest(key)) for key in CONTENT}
        assert digests == {key: run(store.digest(key)) for key in CONTENT}
        assert digests["a"] != digests["dir/b"]
        for digest in digests.values():
            assert digest.isascii()
            assert digest.isprintable()
            assert not set(digest) & set('" ')

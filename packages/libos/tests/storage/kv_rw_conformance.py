"""What every read-write store must do: subclass `KvRwConformance` and give it an empty one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from libos.signatures.kv_ro import (
    DictionaryExpected,
    InvalidKey,
    NotFound,
    StoreError,
    ValueExpected,
)
from libos.signatures.kv_rw import KeyTooLong, Taken

from .kv_ro_conformance import CONTENT, INVALID, KvRoConformance, run

if TYPE_CHECKING:
    from libos.signatures.kv_rw import KvRw


async def content(store: KvRw, prefix: str = "") -> dict[str, bytes]:
    """All values of a store, by key."""
    found = {}
    for name, kind in await store.list(prefix):
        key = f"{prefix}/{name}" if prefix else name
        if kind == "value":
            found[key] = await store.get(key)
            assert await store.size(key) == len(found[key])
        else:
            below = await content(store, key)
            assert below, f"the dictionary {key!r} is empty"
            found |= below
    return found


async def fill(store: KvRw, values: dict[str, bytes] = CONTENT) -> None:
    for key, value in values.items():
        await store.set(key, value)


class KvRwConformance(KvRoConformance):
    """A subclass defines the fixture `empty`, an empty store that has been started."""

    @pytest.fixture
    def store(self, empty: KvRw) -> KvRw:
        run(fill(empty))
        return empty

    def test_it_begins_empty(self, empty: KvRw) -> None:
        assert run(empty.list("")) == ()
        assert run(empty.exists("")) == "dictionary"

    def test_a_value_is_replaced(self, store: KvRw) -> None:
        for value in (b"longer than before", b"", b"x" * 100_000):
            before = run(store.digest("a"))
            run(store.set("a", value))
            assert run(store.get("a")) == value
            assert run(store.digest("a")) != before
        assert run(content(store)) == {**CONTENT, "a": b"x" * 100_000}

    def test_a_value_is_of_the_moment_it_was_set(self, empty: KvRw) -> None:
        value = bytearray(b"then")
        run(empty.set("a", value))
        value[:] = b"late"
        assert run(empty.get("a")) == b"then"

    def test_values_and_dictionaries_do_not_replace_each_other(self, store: KvRw) -> None:
        for key in ("dir", "dir/sub", ""):
            with pytest.raises(ValueExpected):
                run(store.set(key, b""))
            with pytest.raises(ValueExpected):
                run(store.set_partial(key, 0, b""))
        for key in ("a/x", "a/x/y", "dir/b/x"):
            with pytest.raises(DictionaryExpected):
                run(store.set(key, b""))
            with pytest.raises(DictionaryExpected):
                run(store.set_partial(key, 0, b""))
            with pytest.raises(DictionaryExpected):
                run(store.rename("empty", key))
        assert run(content(store)) == CONTENT

    @pytest.mark.parametrize("key", INVALID)
    def test_keys_that_are_none_name_no_new_value(self, store: KvRw, key: str) -> None:
        async def in_batch(method: str, *arguments: Any) -> None:
            async with store.batch() as batch:
                getattr(batch, method)(*arguments)

        for change in (
            store.set(key, b""),
            store.set_partial(key, 0, b""),
            store.remove(key),
            store.rename(key, "x"),
            store.rename("a", key),
            in_batch("set", key, b""),
            in_batch("remove", key),
            in_batch("rename", key, "x"),
            in_batch("rename", "a", key),
        ):
            with pytest.raises(InvalidKey):
                run(change)
        assert run(content(store)) == CONTENT

    def test_long_keys(self, empty: KvRw) -> None:
        longest = "/".join(["é" * 127] * 4)
        run(empty.set(longest, b"1"))
        assert run(content(empty)) == {longest: b"1"}
        for key in ("x" * 256, "é" * 128, "/".join(["x" * 250] * 5)):
            with pytest.raises(KeyTooLong):
                run(empty.set(key, b""))
            with pytest.raises(KeyTooLong):
                run(empty.set_partial(key, 0, b""))
            with pytest.raises(KeyTooLong):
                run(empty.rename(longest, key))
        run(empty.set("d/" + "/".join(["x" * 250] * 4), b"2"))
        with pytest.raises(KeyTooLong):
            run(empty.rename("d", "longer" * 10))
        assert longest in run(content(empty))

    @pytest.mark.parametrize(
        ("offset", "data"),
        [(0, b""), (0, b"new"), (70_000, b"n" * 70_000), (255_999, b"12"), (256_000, b"end")],
    )
    def test_a_part_is_written(self, store: KvRw, offset: int, data: bytes) -> None:
        run(store.set_partial("big", offset, data))
        value = bytearray(CONTENT["big"])
        value[offset : offset + len(data)] = data
        assert run(store.get("big")) == bytes(value)
        assert (
            run(store.get_partial("big", max(0, offset - 1), 9))
            == value[max(0, offset - 1) : max(0, offset - 1) + 9]
        )

    def test_a_value_is_appended_to(self, empty: KvRw) -> None:
        expected = b""
        for number in range(300):
            line = f"line {number}\n".encode()
            run(empty.set_partial("log/lines", len(expected), line))
            expected += line
        assert run(empty.get("log/lines")) == expected
        run(empty.set_partial("log/empty", 0, b""))
        assert run(empty.get("log/empty")) == b""

    def test_a_value_has_no_gaps(self, store: KvRw) -> None:
        for key, offset in (("a", 6), ("a", -1), ("none", 1), ("dir/none", -1)):
            with pytest.raises(ValueError, match="gaps"):
                run(store.set_partial(key, offset, b"x"))
        assert run(content(store)) == CONTENT

    def test_a_value_is_removed_and_its_dictionary_with_the_last(self, store: KvRw) -> None:
        run(store.remove("dir/sub/c.txt"))
        assert run(store.exists("dir/sub")) is None
        assert run(store.exists("dir")) == "dictionary"
        with pytest.raises(NotFound):
            run(store.remove("dir/sub"))
        run(store.set("dir/sub", b"a value now"))
        assert run(store.get("dir/sub")) == b"a value now"

    def test_a_dictionary_is_removed(self, store: KvRw) -> None:
        run(store.remove("dir"))
        rest = {key: value for key, value in CONTENT.items() if not key.startswith("dir/")}
        assert run(content(store)) == rest
        for key in ("dir", "dir/b", "none", "a/b"):
            with pytest.raises(NotFound):
                run(store.remove(key))
        with pytest.raises(ValueExpected):
            run(store.remove(""))

    def test_a_value_is_renamed(self, store: KvRw) -> None:
        digest = run(store.digest("a"))
        run(store.rename("a", "new/place"))
        assert run(store.get("new/place")) == b"first"
        assert run(store.digest("new/place")) == digest
        assert run(store.exists("a")) is None
        run(store.rename("new/place", "dir/b"))
        assert run(store.get("dir/b")) == b"first"
        assert run(store.exists("new")) is None
        run(store.rename("dir/b", "dir/b"))
        assert run(store.get("dir/b")) == b"first"

    def test_a_dictionary_is_renamed(self, store: KvRw) -> None:
        run(store.rename("dir", "some/where"))
        assert run(store.exists("dir")) is None
        assert run(store.get("some/where/sub/c.txt")) == b"third"
        run(store.rename("some/where/sub", "top"))
        assert run(store.get("top/c.txt")) == b"third"
        run(store.rename("some", "some"))
        assert run(store.list("some/where")) == (("b", "value"), ("with space é", "value"))

    def test_what_cannot_be_renamed(self, store: KvRw) -> None:
        run(store.set("other/x", b""))
        before = run(content(store))
        for source, destination, error in (
            ("none", "x", NotFound),
            ("none", "none", NotFound),
            ("a/b", "x", NotFound),
            ("", "x", ValueExpected),
            ("a", "", ValueExpected),
            ("a", "dir", Taken),
            ("dir", "a", Taken),
            ("dir", "other", Taken),
            ("dir/sub", "dir", Taken),
            ("dir/sub/c.txt", "dir", Taken),
            ("dir", "dir/sub/deeper", ValueError),
            ("a", "a/b", DictionaryExpected),
            ("dir", "a/b", DictionaryExpected),
        ):
            with pytest.raises(error):
                run(store.rename(source, destination))
        assert run(content(store)) == before

    def test_a_batch_is_one_change(self, store: KvRw) -> None:
        async def main() -> None:
            async with store.batch() as batch:
                batch.set("new", b"1")
                batch.set("new", b"2")
                batch.remove("dir")
                batch.set("dir", b"a value now")
                batch.rename("a", "a2")
                batch.rename("a2", "deep/a")
                batch.set("gone", b"")
                batch.remove("gone")
                assert await content(store) == CONTENT

        run(main())
        expected = {key: CONTENT[key] for key in ("empty", "big", "same")}
        expected |= {"new": b"2", "dir": b"a value now", "deep/a": b"first"}
        assert run(content(store)) == expected

    def test_values_become_dictionaries_in_a_batch(self, store: KvRw) -> None:
        async def main() -> None:
            async with store.batch() as batch:
                batch.remove("a")
                batch.set("a/b", b"below")
                batch.remove("dir")
                batch.rename("same", "dir")
                batch.rename("dir", "dir2")
                batch.rename("dir2", "dir")

        run(main())
        assert run(store.get("a/b")) == b"below"
        assert run(store.get("dir")) == b"first"

    def test_a_batch_that_fails_changes_nothing(self, store: KvRw) -> None:
        async def late_error(change: str, *arguments: Any) -> None:
            async with store.batch() as batch:
                batch.set("a", b"changed")
                batch.set("new/x", b"1")
                batch.rename("dir", "moved")
                batch.remove("big")
                getattr(batch, change)(*arguments)

        for error, *arguments in (
            (NotFound, "remove", "none"),
            (NotFound, "remove", "big"),
            (DictionaryExpected, "set", "a/x", b""),
            (ValueExpected, "set", "moved", b""),
            (Taken, "rename", "a", "moved"),
        ):
            with pytest.raises(error):
                run(late_error(*arguments))
            assert run(content(store)) == CONTENT

    def test_a_batch_whose_block_raises_changes_nothing(self, store: KvRw) -> None:
        async def main() -> None:
            async with store.batch() as batch:
                batch.remove("a")
                raise RuntimeError("on second thoughts")

        with pytest.raises(RuntimeError, match="second thoughts"):
            run(main())
        assert run(content(store)) == CONTENT

    def test_tasks_at_the_same_time(self, empty: KvRw) -> None:
        async def writer(number: int) -> None:
            for turn in range(20):
                await empty.set(f"own/{number}", bytes([number]) * 2000 * (turn % 3 + 1))
                await empty.set("shared", bytes([number]) * (3000 + number))
                if turn % 7 == number % 7:
                    await empty.flush()

        async def reader() -> None:
            for _ in range(200):
                if await empty.exists("shared") == "value":
                    value = await empty.get("shared")
                    assert value == value[:1] * (3000 + value[0])
                await asyncio.sleep(0)

        async def main() -> None:
            await asyncio.gather(*(writer(number) for number in range(5)), reader(), reader())

        run(main())
        found = run(content(empty))
        assert set(found) == {"shared", *(f"own/{number}" for number in range(5))}
        assert all(found[f"own/{number}"] == bytes([number]) * 4000 for number in range(5))

    def test_errors_are_those_of_the_signature(self, store: KvRw) -> None:
        with pytest.raises(StoreError) as caught:
            run(store.set("a/b", b""))
        assert caught.value.key == "a"

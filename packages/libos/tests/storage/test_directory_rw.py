"""A directory as a read-write store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from libos.signatures.kv_ro import NotFound, StoreError
from libos.signatures.kv_rw import NoSpace, Taken
from libos.storage import directory_files, directory_rw
from libos.storage.directory_rw import STAGING, DirectoryStoreRw

from .kv_ro_conformance import CONTENT, run
from .kv_rw_conformance import KvRwConformance, content, fill


def started(root: Path) -> DirectoryStoreRw:
    store = DirectoryStoreRw(root)
    run(store.start())
    return store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def empty(root: Path) -> Iterator[DirectoryStoreRw]:
    store = started(root)
    yield store
    run(store.stop())


@pytest.fixture
def store(empty: DirectoryStoreRw) -> DirectoryStoreRw:
    run(fill(empty))
    return empty


class TestDirectoryStoreRw(KvRwConformance):
    """A `DirectoryStoreRw` is a read-write store like any other."""

    @pytest.fixture
    def empty(self, empty: DirectoryStoreRw) -> DirectoryStoreRw:
        return empty


def test_values_are_files(root: Path, store: DirectoryStoreRw) -> None:
    for key, value in CONTENT.items():
        assert (root / key).read_bytes() == value
    (root / "by others").write_text("x")
    assert run(store.get("by others")) == b"x"
    assert list((root / STAGING).iterdir()) == []


def test_links_are_replaced_and_never_lead_out(root: Path, store: DirectoryStoreRw) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (root / "out").symlink_to(outside)
    (root / "secret").symlink_to(outside / "secret")
    (root / "in").symlink_to("dir")
    (root / "a-too").symlink_to("a")
    for key in ("out", "out/new", "secret", "out/secret", "secret/x"):
        for change in (store.set(key, b"x"), store.set_partial(key, 0, b"x")):
            with pytest.raises(Taken):
                run(change)
        with pytest.raises(Taken):
            run(store.rename("same", key))
        with pytest.raises(NotFound):
            run(store.remove(key))
    run(store.set("in/new", b"new"))
    assert (root / "dir" / "new").read_bytes() == b"new"
    run(store.set("a-too", b"other"))
    assert (root / "a").read_bytes() == b"first"
    assert run(store.get("a-too")) == b"other"
    run(store.remove("in"))
    assert run(store.get("dir/new")) == b"new"
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_a_batch_does_not_lead_out(root: Path, store: DirectoryStoreRw) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "out").symlink_to(outside)

    async def main() -> None:
        async with store.batch() as batch:
            batch.set("out/new", b"x")

    with pytest.raises(Taken):
        run(main())
    assert list(outside.iterdir()) == []


def test_the_staging_directory_is_no_key(root: Path, store: DirectoryStoreRw) -> None:
    (root / "link").symlink_to(STAGING)
    for key in (STAGING, f"{STAGING}/x", "link", "link/x"):
        assert run(store.exists(key)) is None
        for change in (store.set(key, b""), store.rename("a", key)):
            with pytest.raises(Taken):
                run(change)
    assert {name for name, _ in run(store.list(""))} == {"a", "big", "dir", "empty", "same"}


def test_one_program_at_a_time(root: Path, store: DirectoryStoreRw) -> None:
    other = DirectoryStoreRw(root)
    with pytest.raises(OSError, match="is in use by another program"):
        run(other.start())
    run(store.stop())
    run(other.start())
    run(other.stop())


def test_what_a_crash_has_left_is_removed(root: Path) -> None:
    (root / STAGING / "7" / "below").mkdir(parents=True)
    (root / STAGING / "8").write_text("half")
    (root / STAGING / "journal.new").write_text("half")
    store = started(root)
    assert list((root / STAGING).iterdir()) == []
    run(store.stop())


class _End(BaseException):
    pass


@pytest.mark.parametrize("steps", range(36))
def test_a_batch_is_whole_after_a_crash(
    root: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The program ends before any one of its system calls that change something."""
    store = started(root)
    run(fill(store))
    before = run(content(store))
    left = steps

    class Calls:
        """`os`, with so many changes left."""

        def __getattr__(self, name: str) -> object:
            nonlocal left
            if name in ("rename", "unlink", "link", "makedirs", "rmdir", "write"):
                left -= 1
                if left < 0:
                    raise _End
            return getattr(os, name)

    async def main() -> None:
        async with store.batch() as batch:
            batch.remove("a")
            batch.set("a/now/below", b"1")
            batch.remove("dir")
            batch.set("dir", b"2")
            batch.rename("big", "deep/er/big")
            batch.set("same", b"3")

    with monkeypatch.context() as patched:
        patched.setattr(directory_files, "os", Calls())
        patched.setattr(directory_rw, "os", Calls())
        with suppress(_End):
            run(main())
    os.close(store._lock)
    after = {"a/now/below": b"1", "dir": b"2", "deep/er/big": CONTENT["big"], "same": b"3"}
    after["empty"] = b""
    again = started(root)
    assert run(content(again)) in (before, after)
    assert list((root / STAGING).iterdir()) == []
    run(again.stop())


def test_a_full_disk(root: Path, store: DirectoryStoreRw, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(NoSpace) as caught:
            run(store.set("new/x", b"1"))
        assert caught.value.key == "new/x"

        async def main() -> None:
            async with store.batch() as batch:
                batch.set("a", b"1")

        with pytest.raises(NoSpace):
            run(main())
    assert run(content(store)) == CONTENT
    assert list((root / STAGING).iterdir()) == []


def test_what_is_no_file_is_not_replaced(root: Path, store: DirectoryStoreRw) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(Taken):
        run(store.set("pipe", b""))
    (root / "not-empty").mkdir()
    with pytest.raises(StoreError):
        run(store.set("not-empty", b""))

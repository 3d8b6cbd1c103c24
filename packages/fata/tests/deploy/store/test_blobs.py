"""Files by their content: whole and right, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.store.blobs import Blobs
from fata.deploy.store.item import LARGEST, Item, check
from functoria import UserError


def item(content: bytes, name: str = "kernel-1") -> Item:
    return Item(hashlib.sha256(content).hexdigest(), len(content), name)


def test_a_file_lies_under_its_digest_and_is_not_writable(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    kept = blobs.put(b"content", "kernel-1")
    path = blobs.verify(kept)
    assert path == tmp_path / "blobs" / hashlib.sha256(b"content").hexdigest()
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o444
    assert blobs.put(b"content", "other") == Item(kept.digest, 7, "other")
    assert blobs.read(kept) == b"content"
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [kept.digest]


def test_a_changed_file_is_named_and_counts_as_missing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    kept = blobs.put(b"content", "kernel-1")
    assert blobs.missing([kept]) == ()
    path = blobs.path(kept.digest)
    path.chmod(0o644)
    path.write_bytes(b"contenT")
    for look in (blobs.verify, blobs.read):
        with pytest.raises(UserError, match="`kernel-1` has changed since it arrived"):
            look(kept)
    assert blobs.missing([kept, kept, item(b"x")]) == (kept, item(b"x"))
    assert blobs.put(b"content", "kernel-1") == kept
    assert blobs.read(kept) == b"content"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    for look in (blobs.verify, blobs.read):
        with pytest.raises(UserError, match="`kernel-1` is not in the store") as caught:
            look(item(b"content"))
        assert "fata deploy" in caught.value.do
    assert blobs.size(item(b"content").digest) is None


@pytest.mark.parametrize(
    "digest", ["", "../blobs", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63, "é" * 64]
)
def test_only_a_digest_is_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(UserError, match="not a digest"):
        Blobs(tmp_path).path(digest)


@given(st.text(), st.text(), st.integers())
def test_what_comes_from_elsewhere_is_an_item_or_refused(digest: str, name: str, size: int) -> None:
    try:
        check(Item(digest, size, name))
    except UserError:
        return
    assert len(digest) == 64
    assert "/" not in name
    assert not name.startswith(".")
    assert 0 <= size <= LARGEST


def test_no_room_is_said_before_anything_travels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="MiB would arrive") as caught:
        Blobs(tmp_path).missing([Item("a" * 64, 1 << 39, "kernel-1")])
    assert "fata prune" in caught.value.do


def test_what_has_arrived_already_needs_no_more_room(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.make()
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize
    large = Item("a" * 64, free, "kernel-1")
    with pytest.raises(UserError, match="MiB would arrive"):
        blobs.missing([large])
    with (blobs.incoming / f"{large.digest}.part").open("wb") as part:
        part.truncate(free - (1 << 20))
    blobs.reserve = 0
    assert blobs.missing([large]) == (large,)


def test_a_disk_that_refuses_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs(tmp_path)
    blobs.make()

    def refuse(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError, match="`kernel-1` cannot be stored: input/output error"):
        blobs.put(b"content", "kernel-1")
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the store cannot be made"):
        Blobs(tmp_path / "file" / "store").make()

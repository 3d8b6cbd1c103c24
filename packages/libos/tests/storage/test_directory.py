"""A directory as a read-only store."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from libos.signatures.kv_ro import NotFound
from libos.storage.directory import DirectoryStore

from .kv_ro_conformance import CONTENT, KvRoConformance, run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for key, value in CONTENT.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(value)
    return root


@pytest.fixture
def store(root: Path) -> DirectoryStore:
    return DirectoryStore(root)


class TestDirectoryStore(KvRoConformance):
    """A `DirectoryStore` is a read-only store like any other."""


def test_a_link_that_stays_inside_is_followed(root: Path, store: DirectoryStore) -> None:
    (root / "link").symlink_to("dir/b")
    (root / "dir" / "up").symlink_to("../a")
    (root / "sub").symlink_to("dir/sub")
    assert run(store.get("link")) == b"second"
    assert run(store.get("dir/up")) == b"first"
    assert run(store.get("sub/c.txt")) == b"third"


def test_a_link_that_leads_out_names_nothing(root: Path, store: DirectoryStore) -> None:
    (root.parent / "secret").write_text("secret")
    (root.parent / "root-too").mkdir()
    (root.parent / "root-too" / "secret").write_text("secret")
    (root / "absolute").symlink_to(root.parent / "secret")
    (root / "relative").symlink_to("../secret")
    (root / "directory").symlink_to("..")
    (root / "sibling").symlink_to("../root-too")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    for key in (
        "absolute",
        "relative",
        "directory",
        "directory/secret",
        "sibling/secret",
        "dangling",
        "loop",
        "loop/x",
    ):
        assert run(store.exists(key)) is None
        with pytest.raises(NotFound):
            run(store.get(key))
    assert {name for name, _ in run(store.list(""))} == {"a", "big", "dir", "empty", "same"}


def test_what_is_no_file_is_not_seen(root: Path, store: DirectoryStore) -> None:
    os.mkfifo(root / "pipe")
    Path(os.fsdecode(os.fsencode(root) + b"/not-utf8-\xff")).write_text("x")
    (root / "back\\slash").write_text("x")
    assert run(store.exists("pipe")) is None
    with pytest.raises(NotFound):
        run(store.get("pipe"))
    assert {name for name, _ in run(store.list(""))} == {"a", "big", "dir", "empty", "same"}


def test_a_digest_is_of_the_content_and_follows_it(root: Path, store: DirectoryStore) -> None:
    assert run(store.digest("a")) == hashlib.sha256(b"first").hexdigest()
    assert run(store.digest("big")) == hashlib.sha256(CONTENT["big"]).hexdigest()
    (root / "a").write_bytes(b"other")
    assert run(store.digest("a")) == hashlib.sha256(b"other").hexdigest()


def test_the_root_of_the_file_system_is_a_root() -> None:
    store = DirectoryStore("/")
    assert run(store.exists("proc/self/status")) == "value"
    assert run(store.exists("proc/self/cwd")) == "dictionary"


def test_a_root_must_be_a_directory(root: Path) -> None:
    for place in (root / "a", root / "none"):
        with pytest.raises(NotADirectoryError, match="is not a directory"):
            DirectoryStore(place)

"""The initramfs in layers: the cache saves time and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.image.compression import Compression
from fata.image.cpio import Entry
from fata.image.initramfs import initramfs

LAYERS = [[Entry("usr/python", content=b"x" * 5000)], [], [Entry("app/main", content=b"main")]]


@pytest.mark.parametrize("compression", list(Compression))
def test_the_cache_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: Compression
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cold = initramfs(LAYERS, compression)
    assert initramfs(LAYERS, compression) == cold
    for kept in (path for path in tmp_path.rglob("*") if path.is_file()):
        kept.write_bytes(kept.read_bytes()[:-3])
    assert initramfs(LAYERS, compression) == cold


def test_an_edit_packs_only_its_layer_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    initramfs(LAYERS, Compression.ZSTD)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    edited = [*LAYERS[:2], [Entry("app/main", content=b"edited")]]
    assert initramfs(edited, Compression.ZSTD) != initramfs(LAYERS, Compression.ZSTD)
    assert len({path for path in tmp_path.rglob("*") if path.is_file()} - before) == 1

"""The cache never gives what was not put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.cache import Cache, cache_directory, key_of


def test_what_was_put_is_there(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key_of("a"), b"content")
    assert cache.get(key_of("a")) == b"content"
    assert cache.get(key_of("b")) is None


@pytest.mark.parametrize("damage", [b"", b"short", bytes(32) + b"other"])
def test_a_damaged_entry_is_absent(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put(key_of("a"), b"content")
    cache.path(key_of("a")).write_bytes(damage)
    assert cache.get(key_of("a")) is None


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file")
    cache.put(key_of("a"), b"content")
    assert cache.get(key_of("a")) is None


def test_keys_tell_parts_apart() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc")}) == 3


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert cache_directory() == Path("/var/cache/me/fata")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_directory() == Path.home() / ".cache/fata"

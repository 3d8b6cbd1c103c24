"""Labs of the tests lie in caches of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.lab.place import Place


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fata"


@pytest.fixture
def place(cache: Path) -> Place:
    """The place of a lab that has a directory and nothing in it."""
    found = Place("mine")
    found.directory.mkdir(parents=True, mode=0o700)
    return found

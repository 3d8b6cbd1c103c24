from __future__ import annotations

from pathlib import Path

import pytest

from .hosts import FakeHost


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A fresh Debian host behind a stand-in for ssh."""
    return FakeHost(tmp_path / "fake", monkeypatch)

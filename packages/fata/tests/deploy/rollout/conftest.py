"""Hosts whose guests are processes, all of which end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fata.deploy.host import Host

from .stub import stub_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host, all of whose guests end with the test."""
    host = stub_host(tmp_path / "root")
    yield host
    for one in host.driver.list():
        host.driver.destroy(one.name)
    host.records.close()


@pytest.fixture
def said() -> list[str]:
    """What the one who deploys is told."""
    return []

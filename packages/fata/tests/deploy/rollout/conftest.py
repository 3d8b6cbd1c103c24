"""Hosts whose guests are processes, all of which end with their test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fata.deploy.host import Host

from .stub import stub_host

HERE = Path(__file__).parent
COMPILER = shutil.which("cc")
CutOff = Callable[[str, str, str], dict[str, int]]


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


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that lets a write fail."""
    made = tmp_path_factory.mktemp("shim") / "fault.so"
    words = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "fault.c")]
    subprocess.run([*words, "-ldl"], check=True)
    return made


@pytest.fixture
def cut_off(tmp_path: Path, shim: Path) -> CutOff:
    """`cut_off(fault, who, name)` is what `faults.py` prints, which looks at all that is left."""

    def run(fault: str, who: str, name: str) -> dict[str, int]:
        done = subprocess.run(
            [
                *(sys.executable, "-W", "error", str(HERE / "faults.py"), str(shim)),
                *(str(tmp_path), fault, who, name, "0", "1"),
            ],
            env={**os.environ, "LD_PRELOAD": str(shim)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, int] = json.loads(done.stdout)
        return found

    return run

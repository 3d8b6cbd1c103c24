"""A disk that is full: whatever cannot be written, what serves goes on, and the next one works.

A shim between Python and the kernel lets so many writes below the root succeed and no more: of the
records, of the guest's directory, of volumes, secrets and the audit log. What of the store cannot
be written is in `store/test_full_disk.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILER = shutil.which("cc")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that refuses writes."""
    made = tmp_path_factory.mktemp("shim") / "full.so"
    words = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "full.c")]
    subprocess.run([*words, "-ldl"], check=True)
    return made


@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "step"), [("plain", "2"), ("disks", "3")])
def test_at_whichever_write_the_disk_is_full_one_release_serves(
    tmp_path: Path, shim: Path, kind: str, step: str
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            str(HERE / "full.py"),
            str(shim),
            str(tmp_path),
            kind,
            step,
        ],
        env={**os.environ, "LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["writes"] > 50
    assert found["failed"] > 20

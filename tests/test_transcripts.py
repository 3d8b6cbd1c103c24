"""Every command as its user sees it, failures included: a page of the manual each.

`UPDATE_TRANSCRIPTS=1` in the environment writes them anew; then read the difference.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fata.cli.entry import run
from functoria.testing import check
from tests.conftest import EXAMPLES

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))

VEILED = {
    r"\d+\.\d s: run": "N.N s: run",
    r"(initramfs|kernel|launch|main)-[0-9a-f]{16}": r"\1-XXXXXXXXXXXXXXXX",
    r"files of \d+ modules": "files of N modules",
    r"\(\d+ bytes\)": "(N bytes)",
    r"/\S*/dist/": "/.../dist/",
}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FATA_TARGET", "FATA_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    ignored = shutil.ignore_patterns("_fata", "dist", "disks", "data", "__pycache__")
    shutil.copytree(EXAMPLES / "website", tmp_path / "website", ignore=ignored)
    check(path, tmp_path / "website", {"fata": run}, VEILED)

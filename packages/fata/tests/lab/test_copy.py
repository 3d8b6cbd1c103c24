"""Files by a disk: here the lab is a shell of this machine, and the disk the file that it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fata.lab import copy
from fata.lab.copy import BLOCK, sent
from fata.lab.machine import EXCHANGE_BYTES
from fata.lab.place import Place
from functoria.error import UserError


@pytest.fixture
def disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    with place.exchange.open("wb") as file:
        file.truncate(EXCHANGE_BYTES)
    monkeypatch.setattr(copy, "_DISK", str(place.exchange))
    return place.exchange


def shell(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("size", [0, 1, 512, BLOCK - 1, BLOCK, BLOCK + 1])
def test_files_of_any_size_arrive_with_their_permissions(
    place: Place, disk: Path, tmp_path: Path, size: int
) -> None:
    sources = {str(tmp_path / "it's" / name): tmp_path / name for name in ("a", "b", "c")}
    for source in sources.values():
        source.write_bytes(os.urandom(size))
        source.chmod(0o640)
    with sent(place, sources) as script:
        done = shell(script)
    assert done.returncode == 0, done.stderr
    for target, source in sources.items():
        assert Path(target).read_bytes() == source.read_bytes()
        assert Path(target).stat().st_mode & 0o777 == 0o640


def test_a_copy_that_was_given_up_leaves_nothing(place: Place, disk: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"content")
    with sent(place, {str(target): source}) as script:
        pass
    done = shell(script)
    assert done.returncode == 1
    assert done.stderr == "interrupted\n"
    assert not target.exists()


def test_the_disk_is_empty_afterwards(place: Place, disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes([1]) * 5_000_000)
    with sent(place, {"/b": source}):
        assert disk.stat().st_blocks > 0
    assert disk.stat().st_size == EXCHANGE_BYTES
    assert disk.stat().st_blocks == 0


def test_what_cannot_be_sent_is_told(place: Place, disk: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(EXCHANGE_BYTES)
    with pytest.raises(UserError, match="`big` has no room in the lab"), sent(place, {"/b": big}):
        pass
    none = tmp_path / "none"
    told = pytest.raises(UserError, match="`none` cannot be read: no such file")
    with told, sent(place, {"/b": none}):
        pass
    for target in ("b", "/b/"):
        with pytest.raises(ValueError, match="not the absolute path"), sent(place, {target: big}):
            pass

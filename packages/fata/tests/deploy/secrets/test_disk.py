"""The disk of the secrets, as the program finds it, and where it is meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.secrets.disk import disk_of
from fata.deploy.secrets.place import Place, runtime_directory
from libos.storage.block.file import FileBlock
from libos.storage.tar import TarStore

VALUES = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
    st.binary(min_size=1, max_size=5000),
    max_size=8,
)


def found(file: Path) -> dict[str, bytes]:
    """What the program in the guest sees."""

    async def look() -> dict[str, bytes]:
        block = FileBlock(str(file), read_only=True)
        await block.start()
        try:
            store = TarStore(block)
            await store.start()
            return {name: await store.get(name) for name, _ in await store.list("")}
        finally:
            await block.stop()

    return asyncio.run(look())


@given(VALUES)
def test_the_guest_finds_what_was_set(tmp_path_factory: pytest.TempPathFactory, values) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path_factory.mktemp("disk") / "secrets.img"
    disk = disk_of(values)
    assert len(disk) % 4096 == 0
    assert disk == disk_of(dict(reversed(values.items())))
    file.write_bytes(disk)
    assert found(file) == values


def test_the_disk_is_there_while_the_guest_runs(tmp_path: Path) -> None:
    place = Place(tmp_path / "run" / "secrets")
    assert place.guests() == ()
    first = place.put("website.production.g1", b"first")
    second = place.put("website.production.g2", b"second")
    assert first.read_bytes() == b"first"
    assert first.stat().st_mode & 0o777 == 0o400
    assert first.parent.stat().st_mode & 0o777 == 0o711
    assert place.put("website.production.g1", b"again") == first
    assert first.read_bytes() == b"again"
    assert place.guests() == ("website.production.g1", "website.production.g2")
    assert place.keep({"website.production.g2"}) == ("website.production.g1",)
    assert second.read_bytes() == b"second"
    place.remove("website.production.g2")
    place.remove("website.production.g2")
    assert list(place.directory.iterdir()) == []


def test_the_place_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert runtime_directory(tmp_path) == Path("/run/fata/secrets")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_directory(tmp_path) == tmp_path / "fata" / "secrets"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert runtime_directory(tmp_path) == tmp_path / "run" / "secrets"

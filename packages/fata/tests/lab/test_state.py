"""Saved states that are used, and those that are not; hosts that are whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from fata.identity import Identity
from fata.lab import host, keys, start, state
from fata.lab.host import Host
from fata.lab.machine import OVERHEAD
from fata.lab.place import Place
from fata.lab.process import EndedError
from fata.lab.record import Record
from functoria.error import UserError

RECORD = Record(Identity(1, 1, ""), Identity(1, 1, ""), 25000, 1024, 1, False, ())


@pytest.fixture
def made(place: Place) -> Host:
    directory = host.hosts() / "abc"
    directory.mkdir(parents=True)
    for name in host.NAMES:
        (directory / name).write_text(name)
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in host.NAMES}
    document = {"recipe": host._recipe(), "versions": ["xen 4.17"], "files": digests}
    (directory / host.ENTRY).write_text(json.dumps(document))
    return Host(directory, ("xen 4.17",))


@pytest.fixture
def saved(place: Place, made: Host, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "_qemu", lambda: "this one")
    path = place.directory / state.STATE
    path.write_bytes(b"memory")
    facts = {
        "host": "abc",
        "memory": 1024,
        "qemu": "this one",
        "sha256": hashlib.sha256(b"memory").hexdigest(),
        "size": 6,
    }
    (place.directory / state.FACTS).write_text(json.dumps(facts))
    place.initramfs.touch()
    return path


def test_a_host_is_what_was_made(made: Host) -> None:
    assert host.load("abc") == made
    assert host.newest() == made


@pytest.mark.parametrize("name", [*host.NAMES, host.ENTRY])
def test_a_damaged_host_is_none(made: Host, name: str) -> None:
    (made.directory / name).write_text("{}")
    assert host.load("abc") is None
    assert host.newest() is None


def test_a_state_that_is_whole_is_used(place: Place, saved: Path, made: Host) -> None:
    assert state.load(place, 1024) == (saved, made)


def test_no_state_is_no_error(place: Place) -> None:
    assert state.load(place, 1024) is None


def test_a_state_of_something_else_is_not_used(
    place: Place, saved: Path, made: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(state.UnusableError, match="1024 MiB of memory, not 768"):
        state.load(place, 768)
    monkeypatch.setattr(state, "_qemu", lambda: "another")
    with pytest.raises(state.UnusableError, match="another QEMU"):
        state.load(place, 1024)
    monkeypatch.setattr(state, "_qemu", lambda: "this one")
    shutil.rmtree(made.directory)
    with pytest.raises(state.UnusableError, match="is gone"):
        state.load(place, 1024)


@pytest.mark.parametrize("content", [b"", b"memori", b"memory and more"])
def test_a_damaged_state_is_told_and_the_start_is_from_nothing(
    place: Place, saved: Path, made: Host, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.write_bytes(content)
    monkeypatch.setattr(host, "provide", lambda report: made)
    monkeypatch.setattr(start, "_cold", lambda *arguments: RECORD)
    monkeypatch.setattr(start, "program", lambda: "qemu")
    said: list[str] = []
    assert start.start(place, 1024, said.append, Path("/nonexistent")) is RECORD
    assert said == ["the saved state is not used: it is damaged; starting from nothing"]
    assert not saved.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[" * 100_000])
def test_a_damaged_description_is_told(place: Place, saved: Path, content: bytes) -> None:
    (place.directory / state.FACTS).write_bytes(content)
    with pytest.raises(state.UnusableError, match="description is damaged"):
        state.load(place, 1024)


def test_too_little_memory_is_told_before_anything_starts(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "program", lambda: "qemu")
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9999999 kB\nMemAvailable: 102400 kB\n")
    with pytest.raises(UserError, match=f"takes {1024 + OVERHEAD} .*: 100 MiB are free") as error:
        start.start(place, 1024, lambda text: None, meminfo)
    assert error.value.where == "--memory"


def test_a_host_needs_room(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fata.lab.packages import Plan

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(UserError, match="no room for a Xen host"):
        host._make(Plan("4.17", ()), "abc", tmp_path, lambda text: None)


def test_without_apt_the_host_that_was_made_before_will_do(
    made: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    said: list[str] = []
    assert host.provide(said.append) == made
    assert "using the Xen host that was made before" in said[0]
    shutil.rmtree(made.directory)
    with pytest.raises(UserError, match="`apt-cache` is not installed"):
        host.provide(said.append)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("cannot set up guest memory 'pc.ram': Cannot allocate memory", "takes 1344 of this"),
        ("Could not set up host forwarding rule 'tcp:127.0.0.1:1-:22'", "took each port"),
        ("something else", "QEMU ended while the lab was started: something else"),
    ],
)
def test_what_qemu_says_when_it_does_not_start(words: str, what: str) -> None:
    assert what in start._refused(words, 1024).what


def test_a_port_that_somebody_took_meanwhile_is_replaced_by_another(place: Place) -> None:
    """Two labs that start at once may choose the same one; QEMU tells the second."""
    place.directory.mkdir(parents=True, exist_ok=True)
    keys.ensure(place)
    tried: list[int] = []

    def begin(port: int) -> Record:
        assert f"Port {port}" in place.ssh_config.read_text()
        tried.append(port)
        if len(tried) < 3:
            raise EndedError("Could not set up host forwarding rule 'tcp:127.0.0.1:1-:22'")
        return RECORD

    assert start._on_a_port(place, begin) == RECORD
    assert len({*tried}) == 3


def test_a_qemu_that_ends_for_another_reason_is_not_tried_again(place: Place) -> None:
    place.directory.mkdir(parents=True, exist_ok=True)
    keys.ensure(place)

    def begin(port: int) -> Record:
        raise EndedError(f"not because of {port}")

    with pytest.raises(EndedError, match="not because of"):
        start._on_a_port(place, begin)

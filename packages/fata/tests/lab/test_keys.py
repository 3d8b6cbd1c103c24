"""Keys of a lab, and what ssh is told of it: here by ssh itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fata.lab import keys
from fata.lab.place import Place
from functoria.error import UserError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "100% of it"))
    found = Place("mine")
    found.directory.mkdir(parents=True)
    return found


def test_keys_are_made_once_and_only_their_owner_reads_them(place: Place) -> None:
    keys.ensure(place)
    made = place.key.read_bytes(), place.host_key.read_bytes()
    assert made[0] != made[1]
    assert {path.stat().st_mode & 0o777 for path in (place.key, place.host_key)} == {0o600}
    keys.ensure(place)
    assert (place.key.read_bytes(), place.host_key.read_bytes()) == made
    assert keys.authorized(place).startswith(b"ssh-ed25519 ")


def test_ssh_accepts_that_lab_and_no_other(place: Place) -> None:
    keys.ensure(place)
    keys.configure(place, 25000)
    said = subprocess.run(
        ["ssh", "-G", "-F", str(place.ssh_config), keys.ALIAS],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = dict(line.split(" ", 1) for line in said.splitlines())
    assert settings["hostname"] == "127.0.0.1"
    assert settings["port"] == "25000"
    assert settings["stricthostkeychecking"] == "true"
    assert settings["passwordauthentication"] == "no"
    assert settings["userknownhostsfile"].replace("%%", "%") == str(place.directory / "known_hosts")
    known = (place.directory / "known_hosts").read_bytes()
    assert known == b"lab " + Path(f"{place.host_key}.pub").read_bytes()


def test_no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UserError, match="`ssh` is not installed"):
        keys.need_ssh()

"""Names, directories and files of labs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fata.lab.lab import down
from fata.lab.place import Place, disk_errors, is_locked, labs, locked, names, write
from functoria.error import UsageError, UserError


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "..", "a b", "a" * 33, "ä"])
def test_a_name_is_short_and_plain(name: str) -> None:
    with pytest.raises(UsageError) as error:
        Place(name)
    assert error.value.where == "--name"


def test_there_are_no_labs_before_the_first(cache: Path) -> None:
    assert names() == ()
    assert not cache.exists()


def test_names_are_sorted_and_other_files_are_none(cache: Path) -> None:
    for name in ("two", "one", ".hidden"):
        (labs() / name).mkdir(parents=True)
    (labs() / "file").touch()
    assert names() == ("one", "two")


def test_one_command_at_a_time_works_on_a_lab(cache: Path) -> None:
    place, said, done = Place("mine"), [], threading.Event()

    def second() -> None:
        with locked(place, said.append):
            done.set()

    with locked(place, said.append):
        assert is_locked(place)
        assert place.directory.stat().st_mode & 0o777 == 0o700
        thread = threading.Thread(target=second)
        thread.start()
        while not said:
            assert not done.is_set()
    thread.join()
    assert done.is_set()
    assert said == ["waiting for another command that works on the lab `mine`"]
    assert not is_locked(place)


def test_what_is_written_is_there_as_a_whole_or_not_at_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.directory / "file"
    write(path, b"old")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UserError, match="the disk has no room") as error:
        write(path, b"new")
    assert error.value.where == str(path)
    assert path.read_bytes() == b"old"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(place.directory.iterdir()) == [path]


def test_a_directory_that_is_not_ours_is_told(tmp_path: Path) -> None:
    told = pytest.raises(UserError, match="cannot be written: permission denied")
    with told, disk_errors(tmp_path):
        raise PermissionError(13, "Permission denied", str(tmp_path))


def test_a_lab_that_never_was_is_not_ended_and_leaves_nothing(cache: Path) -> None:
    with pytest.raises(UserError) as caught:
        down("never")
    assert caught.value.what == "the lab `never` is not running"
    assert not (cache / "labs").exists()


def test_who_ends_a_lab_that_does_not_run_is_not_told_of_another(place: Place) -> None:
    with pytest.raises(UserError) as caught:
        down(place.name)
    assert caught.value.what == "the lab `mine` is not running"

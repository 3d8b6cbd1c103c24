"""Each run has a console file of its own; a few are kept."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from fata.consoles import KEPT, LATEST, console, consoles
from functoria import UserError


def test_two_runs_at_once_have_two_files_and_the_latest_is_linked(tmp_path: Path) -> None:
    with console(tmp_path) as first, console(tmp_path) as second:
        first.write_text("one")
        second.write_text("two")
        assert (tmp_path / LATEST).read_text() == "two"
    assert consoles(tmp_path) == (first, second, tmp_path / LATEST)


def test_a_few_are_kept_and_those_of_guests_that_run(tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = stack.enter_context(console(tmp_path))
        for _ in range(KEPT + 4):
            with console(tmp_path) as path:
                pass
        assert running.exists()
        assert len(consoles(tmp_path)) == KEPT + 2
    with console(tmp_path) as path:
        pass
    assert not running.exists()
    assert (tmp_path / LATEST).readlink() == Path(path.name)
    assert len(consoles(tmp_path)) == KEPT + 1


def test_what_a_user_keeps_there_is_left_alone(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("console-.log", "console-x.log", "console-1.log.gz")]
    for path in kept:
        path.write_text("mine")
    for _ in range(KEPT + 4):
        with console(tmp_path):
            pass
    assert all(path.read_text() == "mine" for path in kept)
    assert not set(kept) & set(consoles(tmp_path))


def test_a_file_where_the_link_would_be_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / LATEST).write_text("mine")
    with console(tmp_path) as path:
        assert (tmp_path / LATEST).read_text() == "mine"
    assert consoles(tmp_path) == (path,)


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="the console file cannot be written"),
        console(tmp_path / "missing"),
    ):
        pass

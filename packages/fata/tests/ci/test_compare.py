"""Two builds, compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.ci.compare import Build, Difference, difference
from fata.ci.digests import digests
from fata.ci.varied import VARIATIONS, copied
from functoria.error import UserError


def build(directory: Path, files: dict[str, str]) -> Build:
    for name, text in files.items():
        path = directory / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Build(directory, directory / "dist")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"a/one": "text", "b": "same"}, None),
        ({"a/one": "tEXt", "b": "sAme"}, Difference("a/one", "differs at byte 1")),
        ({"a/one": "te", "b": "same"}, Difference("a/one", "ends at byte 2 of one build only")),
        ({"a/one": "text"}, Difference("b", "is made by the first build only")),
        (
            {"a/one": "text", "a/two": "", "b": "same"},
            Difference("a/two", "is made by the second build only"),
        ),
    ],
)
def test_the_first_difference(
    tmp_path: Path, other: dict[str, str], found: Difference | None
) -> None:
    one = build(tmp_path / "one", {"a/one": "text", "b": "same"})
    assert difference(one, build(tmp_path / "other", other)) == found


def test_a_file_for_this_machine_names_its_place(tmp_path: Path) -> None:
    names = ("a.xl", "a.libvirt.xml", "manifest.json")
    one, other = (
        build(tmp_path / place, dict.fromkeys(names, f"kernel={tmp_path / place}/k"))
        for place in ("one", "another")
    )
    assert difference(one, other) == Difference(
        "manifest.json", f"differs at byte {len(f'kernel={tmp_path}/') + 0}"
    )


def test_copies_are_of_another_age_and_mode(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "dist").mkdir(parents=True)
    (project / "program.py").write_text("x = 1\n")
    (project / "tool").write_text("#!/bin/sh\n")
    (project / "tool").chmod(0o755)
    (project / "link").symlink_to("program.py")
    for number, variation in enumerate(VARIATIONS):
        copied(project, tmp_path / str(number), variation)
    old, new = ((tmp_path / n / "program.py").stat() for n in ("1", "0"))
    assert old.st_mtime < new.st_mtime
    assert (oct(new.st_mode), oct(old.st_mode)) == ("0o100644", "0o100600")
    assert (tmp_path / "1" / "tool").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "1" / "link").is_symlink()
    assert not (tmp_path / "1" / "dist").exists()


def test_digests_are_those_of_sha256sum(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing is built"):
        digests(tmp_path)
    build(tmp_path, {"a": "text"})
    assert digests(tmp_path) == (
        "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1  dist/a",
    )

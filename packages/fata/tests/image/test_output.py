"""The output directory: the manifest last, and the previous build usable until then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.image import output
from fata.image.manifest import FILE_NAME, Blob, Interpreter, Manifest, read
from functoria import UserError, action

MANIFEST = Manifest(
    name="a",
    target="virtio",
    versions={},
    source=None,
    keys={},
    arguments=(),
    interpreter=Interpreter("3", ""),
    requirements=(),
)


def publish(
    directory: Path, files: tuple[tuple[Blob, bytes, int], ...], manifest: Manifest
) -> None:
    action.run(output.plan(directory, files, manifest))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_an_earlier_build_left_goes_and_what_a_user_put_there_stays(tmp_path: Path) -> None:
    old, new = (output.blob("kernel", content) for content in (b"old", b"new"))
    publish(tmp_path, ((old, b"old", 0o644),), MANIFEST)
    (tmp_path / "notes").write_text("mine")
    (tmp_path / f".{new.file}.a1b2c3d4").write_text("left by a build that was killed")
    publish(tmp_path, ((new, b"new", 0o644),), MANIFEST)
    assert names(tmp_path) == sorted([new.file, FILE_NAME, "notes"])


def test_a_file_that_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    record = output.blob("kernel", b"same")
    publish(tmp_path, ((record, b"same", 0o644),), MANIFEST)
    written = (tmp_path / record.file).stat().st_mtime_ns
    publish(tmp_path, ((record, b"same", 0o644),), MANIFEST)
    assert (tmp_path / record.file).stat().st_mtime_ns == written


def test_a_damaged_file_of_that_name_is_replaced(tmp_path: Path) -> None:
    record = output.blob("kernel", b"same")
    (tmp_path / record.file).write_bytes(b"sama")
    publish(tmp_path, ((record, b"same", 0o644),), MANIFEST)
    assert (tmp_path / record.file).read_bytes() == b"same"


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_write_that_fails_leaves_the_previous_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    old = output.blob("kernel", b"old")
    publish(tmp_path, ((old, b"old", 0o644),), MANIFEST)
    calls = iter(range(10))
    real = action.write_file

    def write(path: Path, content: bytes, mode: int = 0o644) -> None:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        real(path, content, mode)

    monkeypatch.setattr(action, "write_file", write)
    files = tuple(
        (output.blob(stem, stem.encode()), stem.encode(), 0o644) for stem in ("kernel", "initramfs")
    )
    with pytest.raises(UserError, match="No space left on device"):
        publish(tmp_path, files, replace(MANIFEST, name="b"))
    assert read(tmp_path).name == "a"
    assert (tmp_path / old.file).read_bytes() == b"old"


def test_what_other_programs_keep_there_is_theirs(tmp_path: Path) -> None:
    """Bundlers of web pages have a `manifest.json` and a `main-HASH.js` below `dist/`, too."""
    theirs = {
        FILE_NAME: '{\n "icons": []\n}',
        "main-4f3a.js": "app()",
        "main-0123456789abcdef.js": "app()",
        "kernel-notes.txt": "buy milk",
        "guest.xl": "name = 'mine'",
        ".htaccess": "deny from all",
        ".gitignore": "*",
        ".main-4f3a.js.abcdefgh": "half",
    }
    for name, content in theirs.items():
        (tmp_path / name).write_text(content)
    assert output.output_files(tmp_path) == ()
    with pytest.raises(UserError, match=r"manifest\.json was not generated, and is left as it is"):
        publish(tmp_path, (), MANIFEST)
    (tmp_path / FILE_NAME).unlink()
    del theirs[FILE_NAME]
    record = output.blob("kernel", b"new")
    publish(tmp_path, ((record, b"new", 0o644),), MANIFEST)
    assert [path.name for path in output.output_files(tmp_path)] == [FILE_NAME, record.file]
    assert {name: (tmp_path / name).read_text() for name in theirs} == theirs


@given(
    st.dictionaries(
        st.from_regex(r"\A(kernel|initramfs|sbom|launch|main)?-?[0-9a-f.-]{1,20}[a-z.]{0,9}\Z"),
        st.binary(max_size=20),
        max_size=5,
    )
)
def test_no_file_is_removed_whose_content_is_not_what_its_name_says(
    files: dict[str, bytes],
) -> None:
    with TemporaryDirectory() as scratch:
        directory = Path(scratch)
        theirs = {name: data for name, data in files.items() if name.strip(".")}
        for name, data in theirs.items():
            (directory / name).write_bytes(data)
        publish(directory, (), MANIFEST)
        for path in output.output_files(directory):
            path.unlink()
        assert {name: (directory / name).read_bytes() for name in theirs} == theirs

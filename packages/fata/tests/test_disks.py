"""Disks of a run: which file is which, made where it may be, locked, and checked before QEMU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fata.disks import Attachment, Plan, opened, parse_disks, plan_disks
from fata.image.manifest import DiskDevice
from fata.qemu.machine import Disk
from functoria import UsageError, UserError

from .test_run import MADE

TWO = replace(MADE, disks=(DiskDevice(0, "data", 1 << 20), DiskDevice(1, "log", None, True, 4096)))
ONE = replace(MADE, disks=TWO.disks[:1])


def error_of(plans: tuple[Plan, ...]) -> UserError:
    with pytest.raises(UserError) as caught, opened(plans, print):
        pass
    return caught.value


def made(path: Path, size: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def test_disks_come_in_declared_order_with_their_names_as_serial_numbers(tmp_path: Path) -> None:
    log = made(tmp_path / "log.img", 8192)
    plans = plan_disks(TWO, parse_disks([f"log={log}"]), tmp_path)
    assert [plan.disk for plan in plans] == [
        Disk(tmp_path / "disks" / "data.img", serial="data"),
        Disk(log, read_only=True, serial="log", sector_size=4096),
    ]


def test_a_missing_disk_with_a_size_is_made_without_taking_up_space(tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "disks" / "data.img"
    with opened(plan_disks(ONE, (), tmp_path), said.append):
        assert path.stat().st_size == 1 << 20
        assert path.stat().st_blocks == 0
    assert said == [f"made {path}, 1MiB, for the disk `data`"]
    path.write_bytes(b"kept" + path.read_bytes()[4:])
    with opened(plan_disks(ONE, (), tmp_path), said.append):
        pass
    assert path.read_bytes()[:4] == b"kept"
    assert len(said) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_is_named_is_never_made(tmp_path: Path) -> None:
    file = tmp_path / "none.img"
    error = error_of(plan_disks(ONE, [Attachment("data", file)], tmp_path))
    assert error.what == "the file for the disk `data` is missing"
    assert error.where == f"--disk data={file}"
    assert error.do == (
        f"make it with `truncate -s 1048576 {file}`, or give another: `--disk data=FILE`"
    )


def test_a_disk_without_a_size_is_never_made(tmp_path: Path) -> None:
    any_size = replace(MADE, disks=(DiskDevice(0, "any"),))
    assert "is missing" in error_of(plan_disks(any_size, (), tmp_path)).what


def test_a_disk_that_is_too_small_says_how_to_grow_it(tmp_path: Path) -> None:
    file = made(tmp_path / "small.img", 512)
    error = error_of(plan_disks(ONE, [Attachment("data", file)], tmp_path))
    assert error.what == "the disk `data` has 512 bytes, and the program asks for 1048576 (1MiB)"
    assert f"truncate -s 1048576 {file}" in error.do


@pytest.mark.parametrize(("size", "do"), [(4097, "truncate -s %4096"), (0, "truncate -s 64M")])
def test_a_disk_of_no_whole_sectors_is_refused(tmp_path: Path, size: int, do: str) -> None:
    disks = (DiskDevice(0, "data", None, False, 4096),)
    file = made(tmp_path / "odd.img", size)
    plans = plan_disks(replace(MADE, disks=disks), [Attachment("data", file)], tmp_path)
    error = error_of(plans)
    assert "no whole sectors of 4096" in error.what
    assert do in error.do


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null")):
        plans = plan_disks(ONE, [Attachment("data", path, read_only=True)], tmp_path)
        assert error_of(plans).what == "the disk `data` is not a file"


def test_one_file_for_two_disks_is_refused_by_whatever_name(tmp_path: Path) -> None:
    file = made(tmp_path / "one.img", 1 << 20)
    (tmp_path / "link.img").symlink_to(file)
    given = [Attachment("data", file), Attachment("log", tmp_path / "link.img")]
    error = error_of(plan_disks(TWO, given, tmp_path))
    assert isinstance(error, UsageError)
    assert error.what == "the disks `data` and `log` are one file"


def test_a_disk_is_used_by_one_writer_or_by_readers(tmp_path: Path) -> None:
    file = made(tmp_path / "one.img", 1 << 20)
    writer = plan_disks(ONE, [Attachment("data", file)], tmp_path)
    reader = plan_disks(ONE, [Attachment("data", file, read_only=True)], tmp_path)
    with opened(writer, print):
        for plans in (writer, reader):
            assert "is in use by another guest or program" in error_of(plans).what
    with opened(reader, print), opened(reader, print):
        assert "is in use" in error_of(writer).what
    with opened(writer, print):
        pass


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["data"], "does not say which file"),
        (["=file"], "does not say which file"),
        (["data=,ro"], "does not say which file"),
        (["data=a", "data=b"], "is given two files"),
    ],
)
def test_what_cannot_be_read_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_disks(texts)


def test_file_names_may_have_commas_and_equals_signs() -> None:
    assert parse_disks(["data=a=b,c.img,ro"]) == (Attachment("data", Path("a=b,c.img"), True),)


def test_a_disk_that_the_program_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="web has no disk `dat`") as raised:
        plan_disks(TWO, [Attachment("dat", tmp_path)], tmp_path)
    assert raised.value.do == "its disks are `data`, `log`"
    with pytest.raises(UsageError, match="web has no disk"):
        plan_disks(MADE, [Attachment("dat", tmp_path)], tmp_path)

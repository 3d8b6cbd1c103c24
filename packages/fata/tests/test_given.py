"""What the live graph says that a host has to give: in declared order, each name once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.build.given import disks, features, networks, profile
from fata.project import Project, load
from functoria import UserError

HEAD = "from fata.dsl import *\n"


def configured(tmp_path: Path, text: str, target: str = "virtio") -> Project:
    (tmp_path / "config.py").write_text(HEAD + text)
    return load(tmp_path / "config.py", {"target": target}, {})


def given(project: Project) -> tuple[str, ...]:
    return tuple(need.name for need in (*disks(project), *networks(project)))


def refused(tmp_path: Path, text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        given(configured(tmp_path, text))
    return caught.value


def test_they_come_in_the_order_in_which_the_configuration_creates_them(tmp_path: Path) -> None:
    project = configured(
        tmp_path,
        """\
back, first = network("back"), block("first", size="1MiB")
front, second = network("front"), block("second", size=512, read_only=True)
job = main("job:start", BLOCK >> STACK >> BLOCK >> STACK >> JOB)
register("x", job(second, socket_stack(front), first, socket_stack(back)))
""",
    )
    assert [(need.name, need.size) for need in disks(project)] == [
        ("first", 1 << 20),
        ("second", 512),
    ]
    assert [need.name for need in networks(project)] == ["back", "front"]
    assert disks(project)[1].read_only
    assert features(project) == ("virtio-mmio", "virtio-pci", "net", "block")
    assert profile(project) == "virtio-block"


def test_what_no_live_device_needs_is_not_given(tmp_path: Path) -> None:
    text = """\
kept = key("kept", BOOLEAN, False, "keep it")
disk = if_impl(kept, block("data", size="1MiB"), ramdisk("data", "1MiB"))
register("x", main("job:start", BLOCK >> JOB)(disk))
"""
    project = configured(tmp_path, text)
    assert (disks(project), networks(project), features(project)) == ((), (), ())
    assert profile(project) == "virtio"
    kept = load(tmp_path / "config.py", {"target": "virtio", "kept": "true"}, {})
    assert [need.name for need in disks(kept)] == ["data"]
    unix = load(tmp_path / "config.py", {"target": "unix", "kept": "true"}, {})
    assert disks(unix) == ()


def test_one_disk_that_is_used_twice_is_one_disk(tmp_path: Path) -> None:
    project = configured(
        tmp_path,
        """\
data = block("data", size="1MiB")
register("x", main("job:start", BLOCK >> BLOCK >> JOB)(data, data))
""",
    )
    assert len(disks(project)) == 1


def test_a_group_is_an_interface_of_its_own(tmp_path: Path) -> None:
    project = configured(
        tmp_path,
        """\
job = main("job:start", STACK >> STACK >> STACK >> JOB)
register("x", job(socket_stack(), socket_stack(group="front"), socket_stack(network("back"))))
""",
    )
    assert [need.name for need in networks(project)] == ["net", "front", "back"]
    options = {key.option for key in project.keys}
    assert {"ipv4", "front-ipv4", "back-ipv4"} <= options


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            'a, b = block("data"), block("data")\n'
            'register("x", main("job:start", BLOCK >> BLOCK >> JOB)(a, b))',
            "two devices are the disk `data`, the other at config.py:2",
        ),
        (
            'a, b = socket_stack(network("n"), group="a"), socket_stack(network("n"), group="b")\n'
            'register("x", main("job:start", STACK >> STACK >> JOB)(a, b))',
            "two devices are the network `n`, the other at config.py:2",
        ),
        ('block("Data")', "`Data` cannot be the name of a disk"),
        ('block("a-")', "`a-` cannot be the name of a disk"),
        ('network("")', "`` cannot be the name of a network"),
        (
            'guest_disk("a-name-that-is-too-long")',
            "`a-name-that-is-too-long`, the name of a disk, has 23 bytes of 20 at most",
        ),
        ('block("a", size="large")', "`large` is not a size such as `512`, `64MiB` or `1.5GB`"),
        ('block("a", size=1000)', "`1000` is not a number of sectors of 512 bytes"),
        ('block("a", size="0")', "`0` is not a number of sectors of 512 bytes"),
        ('ramdisk("a", "1KiB", sector_size=4096)', "not a number of sectors of 4096 bytes"),
        ('block("a", size=512, sector_size=1024)', "no disks with sectors of 1024 bytes"),
        ('encrypted_block(block("a"), kv_ro("k"), mode="ecb")', "no mode of encryption `ecb`"),
        ('encrypted_block(kv_ro("k"), block("a"))', "argument 1 (`block`) of `encrypted_block`"),
        ("socket_stack(clock())", "argument 1 (`network`) of `stack` must be a `network`"),
    ],
)
def test_mistakes_are_told_at_their_lines(tmp_path: Path, text: str, what: str) -> None:
    error = refused(tmp_path, text)
    assert what in error.what
    assert str(error.where) == "config.py:2"
    assert error.do

"""The cache holds whole kernels or none, and notices when a file is not what was put there."""

from __future__ import annotations

import errno
import json
import queue
import threading
from pathlib import Path

import pytest

from fata import versions
from fata.cli.kernel import list_rows
from fata.doctor import examine
from fata.kernel import store
from fata.kernel.model import Kernel
from fata.kernel.store import DamagedEntryError, Facts
from functoria.error import UserError


def facts(provider: str = "tiny", key: str = "0", **more: object) -> Facts:
    values: dict[str, object] = {
        "provider": provider,
        "profile": "virtio",
        "key": key,
        "version": "6.12.1-fata",
        "package": "linux-source-6.12",
        "package_version": "6.12.1-1",
        "features": {"net": ("virtio", "virtio_net")},
        "image": "vmlinux",
    }
    return Facts(**(values | more))  # type: ignore[arg-type]


def publish(cache: Path, made: Facts | None = None) -> Kernel:
    made = made or facts()
    with store.making(cache, made.directory, print) as scratch:
        staged = scratch / "entry"
        staged.mkdir()
        (staged / "vmlinux").write_bytes(b"kernel")
        (staged / "config").write_text("CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n")
        return store.publish(cache, staged, made)


def test_what_was_published_is_loaded(cache: Path) -> None:
    kernel = publish(cache)
    assert store.entries(cache) == (cache / "tiny-virtio-0",)
    loaded, read = store.load(cache / "tiny-virtio-0")
    assert loaded == kernel
    assert read == facts()
    assert loaded.image.read_bytes() == b"kernel"
    assert [module.path.name for module in loaded.modules(("net",))] == [
        "virtio.ko",
        "virtio_net.ko",
    ]


def test_nothing_but_the_entry_and_its_lock_stays(cache: Path) -> None:
    publish(cache)
    publish(cache)
    assert sorted(path.name for path in cache.iterdir()) == [
        ".tiny-virtio-0.lock",
        "tiny-virtio-0",
    ]


def test_two_of_one_version_can_be_told_apart_wherever_kernels_are_listed(cache: Path) -> None:
    publish(cache, facts(key="aaaaaaaa11111111"))
    publish(cache, facts(key="bbbbbbbb22222222"))
    rows = versions.report()["kernels"]
    assert isinstance(rows, list)
    assert [(row["profile"], row["key"]) for row in rows] == [
        ("virtio", "aaaaaaaa11111111"),
        ("virtio", "bbbbbbbb22222222"),
    ]
    assert [row.key for row in list_rows()] == ["aaaaaaaa11111111", "bbbbbbbb22222222"]
    (found,) = (each.found for each in examine() if each.name == "kernels")
    assert found == "tiny-virtio-aaaaaaaa 6.12.1-fata, tiny-virtio-bbbbbbbb 6.12.1-fata"


def test_an_interrupted_maker_leaves_nothing_behind(cache: Path) -> None:
    def interrupted() -> None:
        with store.making(cache, "tiny-virtio-0", print) as scratch:
            (scratch / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.entries(cache) == ()
    assert [path.name for path in cache.iterdir()] == [".tiny-virtio-0.lock"]


def test_what_a_killed_maker_left_is_removed_by_the_next(cache: Path) -> None:
    left = cache / ".making-tiny-virtio-0-killed"
    left.mkdir(parents=True)
    with store.making(cache, "tiny-virtio-0", print):
        assert not left.exists()


def test_makers_of_one_entry_take_turns(cache: Path) -> None:
    told: queue.Queue[str] = queue.Queue()

    def second() -> None:
        with store.making(cache, "tiny-virtio-0", told.put):
            told.put("my turn")

    with store.making(cache, "tiny-virtio-0", print):
        other = threading.Thread(target=second)
        other.start()
        assert "waiting" in told.get(timeout=60)
        assert told.empty()
    assert told.get(timeout=60) == "my turn"
    other.join()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("vmlinux", b"kern", "has 4 bytes, not 6"),
        ("vmlinux", b"kernle", "does not have its sha256"),
        ("vmlinux", None, "No such file"),
        ("config", b"", "has 0 bytes"),
        ("entry.json", b"", "entry.json"),
        ("entry.json", b"[]", "entry.json"),
        ("entry.json", b'{"format": 99}', "format 99"),
        ("entry.json", b'{"format": 1, "facts": {}}', "entry.json"),
    ],
)
def test_damage_is_noticed(cache: Path, name: str, content: bytes | None, why: str) -> None:
    entry = publish(cache).image.parent
    if content is None:
        (entry / name).unlink()
    else:
        (entry / name).write_bytes(content)
    with pytest.raises(DamagedEntryError, match=why):
        store.load(entry)


def test_an_entry_cannot_name_files_outside_of_it(cache: Path) -> None:
    entry = publish(cache).image.parent
    document = json.loads((entry / "entry.json").read_text())
    document["files"]["../../../etc/passwd"] = document["files"]["config"]
    (entry / "entry.json").write_text(json.dumps(document))
    with pytest.raises(DamagedEntryError, match="outside"):
        store.load(entry)


def test_a_full_disk_says_where(cache: Path) -> None:
    with (
        pytest.raises(UserError, match="disk is full") as raised,
        store.making(cache, "tiny-virtio-0", print),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert raised.value.where == str(cache)


def test_the_cache_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/ada")
    assert store.cache_directory() == Path("/var/cache/ada/fata/kernels")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert store.cache_directory() == Path("/home/ada/.cache/fata/kernels")


def test_a_feature_or_machine_it_cannot_serve_is_refused(cache: Path) -> None:
    kernel = publish(cache)
    assert kernel.machine("microvm").argument == "microvm,acpi=off,rtc=on"
    with pytest.raises(UserError, match="does not run on machine `pseries`"):
        kernel.machine("pseries")
    with pytest.raises(UserError, match="no feature `block`"):
        kernel.modules(("block",))

"""Key-value stores in programs: the examples, and the commands and words of docs/storage.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fata.project import load
from tests.conftest import MakeProject, Project, StartRun
from tests.test_docs import blocks, commands

TARGETS = ["unix", "virtio"]
PAGE = "docs/storage.md"


def make_disk(project: Project, kind: str) -> None:
    """Make `disks/texts.img` as the page says."""
    (tar, fat) = blocks(PAGE, "sh")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    for command in commands({"tar": tar, "fat": fat}[kind]):
        assert shutil.which(command[0], path=path), f"no {command[0]}: run `tools/setup --test`"
        subprocess.run(
            command,
            cwd=project.directory,
            env={**os.environ, "PATH": path},
            check=True,
            capture_output=True,
        )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("target", "store"),
    [
        *((target, store) for store in ("packed", "tar", "fat") for target in TARGETS),
        ("unix", "directory"),
    ],
)
def test_texts_are_compared(project: MakeProject, target: str, store: str) -> None:
    example = project("kv-ro").built("-t", target, "--store", store)
    if store in ("tar", "fat"):
        make_disk(example, store)
        shutil.move(example.directory / "texts", example.directory / "texts-not-read")
    said = example.ok("run").out
    assert "greetings/hamburg and greetings/kiel are the same" in said
    said = example.ok("run", "--", "--keys=greetings/wien,greetings/kiel").out
    assert "greetings/wien and greetings/kiel are different" in said
    refused = example.fata("run", "--", "--keys=greetings/hamburg,greetings/bonn")
    assert refused.code != 0
    assert "there are greetings of hamburg, kiel, wien" in refused.out + refused.err


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_a_disk_that_holds_no_store_is_named(project: MakeProject, target: str) -> None:
    example = project("kv-ro").built("-t", target, "--store", "tar")
    make_disk(example, "fat")
    refused = example.fata("run")
    assert refused.code == 71
    assert "kv_ro` of config.py:" in refused.out + refused.err
    assert "the disk holds no tar archive: make one with `tar -cf`" in refused.out + refused.err


def notes(said: str) -> list[str]:
    return re.findall(r"notes: (boot \d+|note \d+: .*)", said)


@pytest.mark.e2e
def test_notes_survive_reboots(project: MakeProject) -> None:
    """One disk, in VMs and in a process."""
    example = project("kv-rw").built()
    assert notes(example.ok("run", "--", "--note=milk").out) == ["boot 1", "note 1: milk"]
    said = example.ok("run", "--", "--note=bread and butter").out
    assert notes(said) == ["boot 2", "note 1: milk", "note 2: bread and butter"]
    assert notes(example.ok("run", "--", "--remove=1").out)[1:] == ["note 2: bread and butter"]
    example.built("-t", "unix")
    assert notes(example.ok("run").out) == ["boot 4", "note 2: bread and butter"]
    assert notes(example.ok("run", "--", "--remove=all").out) == ["boot 5"]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("target", "store"), [("unix", "directory"), ("unix", "either"), ("virtio", "either")]
)
def test_notes_survive_in_every_store_that_outlives_the_program(
    project: MakeProject, target: str, store: str
) -> None:
    example = project("kv-rw").built("-t", target, "--store", store)
    assert notes(example.ok("run", "--", "--note=milk").out) == ["boot 1", "note 1: milk"]
    assert notes(example.ok("run").out) == ["boot 2", "note 1: milk"]
    kept = example.directory / ("notes/notes/1" if target == "unix" else "disks/notes.img")
    assert b"milk" in kept.read_bytes()


@pytest.mark.e2e
def test_notes_in_memory_are_gone_with_it(project: MakeProject) -> None:
    example = project("kv-rw").built("-t", "unix", "--store", "memory")
    assert notes(example.ok("run", "--", "--note=milk").out) == ["boot 1", "note 1: milk"]
    assert notes(example.ok("run").out) == ["boot 1"]
    assert not {"disks", "notes"} & {path.name for path in example.directory.iterdir()}


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_another_disk_is_not_formatted_unless_told(project: MakeProject, target: str) -> None:
    example = project("kv-rw").built("-t", target)
    disk = example.directory / "disks" / "notes.img"
    disk.parent.mkdir()
    disk.write_bytes(bytes(999_936) + b"not yours".ljust(48_640))
    refused = example.fata("run")
    assert refused.code == 71
    assert "the disk holds data of another kind and no key-value store" in refused.out + refused.err
    assert b"not yours" in disk.read_bytes()
    assert notes(example.ok("run", "--", "--format").out) == ["boot 1"]
    assert notes(example.ok("run", "--", "--format").out) == ["boot 2"]


JOURNAL = """\
async def start(store):
    count = 0
    while True:
        count += 1
        async with store.batch() as batch:
            for name in ("a", "b", "c"):
                batch.set(f"same/{name}", b"%06d" % count * 500)
        await store.flush()
        if count % 10 == 0:
            print("flushed", count, flush=True)
"""
CHECK = """\
async def start(store):
    values = {await store.get(f"same/{name}") for name in ("a", "b", "c")}
    print("values:", len(values), "count:", values.pop()[:6].decode())
"""


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_a_machine_that_is_killed(project: MakeProject, running: StartRun, target: str) -> None:
    writer = project()
    writer.write("config.py", _config("journal"))
    writer.write("journal.py", JOURNAL)
    writer.write("check.py", CHECK)
    writer.built("-t", target)
    run = running(writer)
    run.said(r"flushed \d0\b")
    for child in (*run.children, run.process.pid):
        os.kill(child, 9)
    run.process.wait(60)
    flushed = max(int(count) for count in re.findall(r"flushed (\d+)", run.text))
    writer.write("config.py", _config("check"))
    writer.built("-t", target)
    said = writer.ok("run").out
    assert "values: 1 count:" in said
    found = re.search(r"count: (\d{6})", said)
    assert found
    assert int(found[1]) >= flushed


def _config(module: str) -> str:
    return (
        "from fata.dsl import JOB, KV_RW, kv_rw, main, register\n"
        f'register("program", main("{module}:start", KV_RW >> JOB)(kv_rw("data", size="1MiB")))\n'
    )


@pytest.mark.parametrize("target", TARGETS)
def test_the_configuration_of_the_page(tmp_path: Path, target: str) -> None:
    (tmp_path / "config.py").write_text(blocks(PAGE, "python")[0])
    assert load(tmp_path / "config.py", {"target": target}, {}).graph.nodes


def test_the_changes_of_the_page() -> None:
    """The block of changes, typed into a program."""
    import asyncio
    import textwrap

    from libos.storage.memory import MemoryStore

    body = textwrap.indent(blocks(PAGE, "python")[1], "    ")
    names: dict[str, object] = {}
    exec(f"async def main(store):\n{body}", names)  # noqa: S102 - a page of ours

    async def main() -> dict[str, bytes]:
        store = MemoryStore()
        await store.set("log", b"a line\n")
        await names["main"](store)  # type: ignore[operator]
        assert await store.exists("done") is None
        return {key: await store.get(key) for key in ("log", "balance/anna", "balance/ben")}

    found = asyncio.run(main())
    assert found["log"] == b"a line\none more line\n"
    assert found["balance/ben"] == b"110"


TYPES = """\
from fata.dsl import *
from fata.dsl import main, register
register("x", main("x:start", KV_RO >> KV_RW >> KV_RW >> KV_RO >> KV_RO >> KV_RW >> JOB)(
    read_only(memory_kv_rw()), directory_kv_rw("data"), kv_rw("data"),
    tar_kv_ro(ramdisk("t", "1MiB")), fat_kv_ro(block("f")), block_kv_rw(block("b"), group="b"),
))
"""


@pytest.mark.parametrize(
    ("target", "arguments"), [("unix", {"b-format"}), ("virtio", {"b-format", "data-format"})]
)
def test_every_store_is_a_device(tmp_path: Path, target: str, arguments: set[str]) -> None:
    from functoria.codegen import boot_keys

    (tmp_path / "config.py").write_text(TYPES)
    graph = load(tmp_path / "config.py", {"target": target}, {}).graph
    assert {key.option for key in boot_keys(graph)} >= arguments


def test_a_changeable_store_is_no_read_only_one_by_itself(tmp_path: Path) -> None:
    from functoria import UserError

    text = TYPES.replace("read_only(memory_kv_rw())", "memory_kv_rw()")
    (tmp_path / "config.py").write_text(text)
    with pytest.raises(UserError, match="must be a `kv_ro`, but `kv_rw` is a `kv_rw`"):
        load(tmp_path / "config.py", {"target": "unix"}, {})


def make_keys(project: Project) -> None:
    """Make `disks/keys.img` as the example says."""
    (project.directory / "disks").mkdir(exist_ok=True)
    project.write("disk.key", "").write_bytes(os.urandom(64))
    command = ["tar", "-cf", "disks/keys.img", "disk.key"]
    subprocess.run(command, cwd=project.directory, check=True)


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_a_sealed_word_is_read_with_its_key_and_with_no_other(
    project: MakeProject, target: str
) -> None:
    example = project("sealed").built("-t", target)
    make_keys(example)
    assert "there is no word yet" in example.ok("run").out
    assert "kept" in example.ok("run", "--", "--word=honeysuckle").out
    assert "the word is honeysuckle" in example.ok("run").out
    assert b"honeysuckle" not in (example.directory / "disks" / "secrets.img").read_bytes()
    make_keys(example)
    refused = example.fata("run")
    assert refused.code == 71
    assert "was encrypted with another key" in refused.out + refused.err


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_a_word_that_is_sealed_without_authentication(project: MakeProject, target: str) -> None:
    example = project("sealed").built("-t", target, "--mode", "xts")
    make_keys(example)
    assert "kept" in example.ok("run", "--", "--word=honeysuckle", "--format").out
    assert "the word is honeysuckle" in example.ok("run").out
    assert b"honeysuckle" not in (example.directory / "disks" / "secrets.img").read_bytes()


@pytest.mark.e2e
def test_without_authentication_a_new_disk_is_noise_and_so_is_one_of_another_key(
    project: MakeProject,
) -> None:
    example = project("sealed").built("-t", "unix", "--mode", "xts")
    make_keys(example)
    new = example.fata("run")
    example.ok("run", "--", "--format")
    make_keys(example)
    locked = example.fata("run")
    for refused in (new, locked):
        assert refused.code == 71
        assert "holds data of another kind" in refused.out + refused.err

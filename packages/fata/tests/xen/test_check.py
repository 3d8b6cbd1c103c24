"""What keeps a guest from starting is told before anything of it is made.

The host is a stand-in that answers as `xl` of Xen 4.17 does; `tests/test_xen.py` asks a real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fata.lab import Completed
from fata.xen import check as checking
from fata.xen.check import check
from fata.xen.toolstack import Condition, Running, Toolstack
from functoria import UserError
from xlcfg import Block, Disk, Domain, Guest, Network, Vif

from .test_notes import PHYS32_ENTRY, kernel, note

LIST = """\
Name                                        ID   Mem VCPUs\tState\tTime(s)
Domain-0                                     0   384     1     r-----      13.2
web                                          3   128     1     -b----       3.9
mail and more                                4    64     2     ---sc-       0.1
(null)                                       5     0     1     --ps-d       7.0
"""
QUIET = LIST.replace("--ps-d", "-b----")


@dataclass
class Host:
    """A Xen host which answers; `memory` is what `xl info` says at each time."""

    capabilities: bytes = b"control_d\n"
    memory: list[int] = field(default_factory=lambda: [600])
    listed: str = LIST
    info: Completed | None = None
    bridges: tuple[str, ...] = ("xenbr0",)
    asked: list[list[str]] = field(default_factory=list)
    where: str = "this machine"

    def command(self, arguments: Sequence[str], terminal: bool = False) -> tuple[str, ...]:
        raise NotImplementedError

    def run(
        self,
        arguments: Sequence[str],
        given: bytes = b"",
        limit: float | None = None,
        check: bool = True,
    ) -> Completed:
        self.asked.append(list(arguments))
        match list(arguments):
            case ["cat", "/proc/xen/capabilities"]:
                return Completed(0, self.capabilities, b"")
            case ["xl", "info"]:
                free = self.memory.pop(0) if len(self.memory) > 1 else self.memory[0]
                text = f"release : 6.1\nfree_memory            : {free}\n"
                return self.info or Completed(0, text.encode(), b"")
            case ["xl", "list"]:
                return Completed(0, self.listed.encode(), b"")
            case ["ls", "-d", *paths]:
                there = [path for path in paths if path.split("/")[4] in self.bridges]
                return Completed(0, "\n".join(there).encode(), b"")
            case ["stat", "-L", "-c", "%F", path]:
                found = Path(path)
                kind = b"directory" if found.is_dir() else b"regular file"
                return Completed(0, kind, b"") if found.exists() else Completed(1, b"", b"none")
        raise AssertionError(arguments)


@pytest.fixture
def domain(tmp_path: Path) -> Domain:
    for name in ("kernel", "initramfs", "disk"):
        (tmp_path / name).write_bytes(kernel(note(PHYS32_ENTRY)))
    return Domain(
        name="new",
        type=Guest.PVH,
        kernel=str(tmp_path / "kernel"),
        ramdisk=str(tmp_path / "initramfs"),
        memory=128,
        blocks=(Block("data", Disk(target=str(tmp_path / "disk"), vdev="xvda")),),
        networks=(Network("net", Vif(bridge="xenbr0")),),
    )


def refused(domain: Domain, host: Host) -> UserError:
    with pytest.raises(UserError) as raised:
        check(Toolstack(host), domain, Path(domain.kernel))
    assert not [words for words in host.asked if words[:2] == ["xl", "create"]]
    return raised.value


def test_what_is_as_it_should_be(domain: Domain) -> None:
    check(Toolstack(Host()), domain, Path(domain.kernel))


def test_a_missing_bridge(domain: Domain) -> None:
    error = refused(domain, Host(bridges=("virbr0",)))
    assert (error.what, error.where) == ("there is no bridge `xenbr0`", "this machine")
    assert "fata host setup" in error.do


def test_too_little_free_memory(domain: Domain) -> None:
    error = refused(domain, Host(memory=[100], listed=QUIET))
    assert error.what == "the guest needs 136 MiB of memory, and 100 are free"


def test_memory_that_comes_back_bit_by_bit_is_waited_for(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_MOMENT", 0.0)
    # `xl info` is asked once more before: whether the toolstack answers.
    check(Toolstack(Host(memory=[0, 10, 60, 136], listed=QUIET)), domain, Path(domain.kernel))
    assert "60 are free" in refused(domain, Host(memory=[0, 10, 60, 60], listed=QUIET)).what


@pytest.mark.parametrize(
    ("name", "how"), [("web", "a guest that runs"), ("mail and more", "a guest, which has crashed")]
)
def test_a_name_already_in_use(domain: Domain, name: str, how: str) -> None:
    error = refused(replace(domain, name=name), Host())
    assert error.what == f"the name `{name}` is in use by {how}"
    assert error.do.startswith(f"end it with `xl destroy {name}`")


def test_a_kernel_that_is_not_for_xen(domain: Domain) -> None:
    Path(domain.kernel).write_bytes(kernel())
    host = Host()
    assert "the kernel is not for Xen" in refused(domain, host).what
    assert host.asked == []


def test_a_host_that_is_not_xen(domain: Domain) -> None:
    error = refused(domain, Host(capabilities=b""))
    assert error.what.startswith("this machine is not a Xen host")
    assert "fata host setup" in error.do


def test_a_user_who_is_not_root(domain: Domain) -> None:
    said = b"xencall: error: Could not obtain handle on privcmd: Permission denied\n"
    error = refused(domain, Host(info=Completed(1, b"", said)))
    assert error.what == "only root may use Xen's toolstack"


def test_a_toolstack_that_does_not_answer(domain: Domain) -> None:
    error = refused(domain, Host(info=Completed(1, b"", b"libxl: error: cannot connect")))
    assert error.what == "Xen's toolstack does not answer: libxl: error: cannot connect"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("disk", "the file of the disk `data` is not there"),
        ("initramfs", "the file of the initramfs is not there"),
    ],
)
def test_a_file_that_is_missing(domain: Domain, tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).unlink()
    error = refused(domain, Host())
    assert (error.what, error.where) == (what, str(tmp_path / name))


def test_a_disk_that_is_a_directory(domain: Domain, tmp_path: Path) -> None:
    (tmp_path / "disk").unlink()
    (tmp_path / "disk").mkdir()
    assert refused(domain, Host()).what == "the file of the disk `data` is a directory"


def test_what_xl_lists() -> None:
    assert Toolstack(Host()).domains() == (
        Running("(null)", 5, 0, Condition.DYING, 7.0),
        Running("mail and more", 4, 64, Condition.CRASHED, 0.1),
        Running("web", 3, 128, Condition.RUNNING, 3.9),
    )

"""Both kernels start process 1 on the machines they claim, and see the devices they are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fata.image.cpio import Entry, Kind, archive
from fata.kernel import Kernel, provide
from fata.kernel.tiny import build

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("init") / "init"
    source = Path(__file__).with_name("init.c")
    subprocess.run(["gcc", "-static", "-Os", "-s", "-o", out, source], check=True)
    return out.read_bytes()


@pytest.fixture(scope="module")
def tiny() -> Kernel:
    """Built into the ordinary cache, so that a machine pays for it once."""
    return build("virtio-block", print)


@pytest.fixture(scope="module")
def debian() -> Kernel:
    return provide("debian", "virtio-block", print)


def boot(
    kernel: Kernel, machine: str, init: bytes, tmp_path: Path, memory: int = 128, extra: int = 0
) -> str:
    """What the guest writes on its serial port, with a vif, a disk and an entropy source."""
    board = kernel.machine(machine)
    features = (f"virtio-{board.transport}", "net", "block", "rng")
    entries = [Entry(name, Kind.DIRECTORY, mode=0o755) for name in ("dev", "proc", "sys")]
    entries += [
        Entry("init", content=init, mode=0o755),
        Entry("ballast", content=os.urandom(extra)),
    ]
    for number, module in enumerate(kernel.modules(features)):
        name = f"modules/{number:02}-{module.name}.ko"
        entries.append(Entry(name, content=module.path.read_bytes()))
    root, disk = tmp_path / "root.cpio", tmp_path / "disk"
    root.write_bytes(archive(entries))
    disk.write_bytes(bytes(1 << 20))
    kind = {"mmio": "device", "pci": "pci"}[board.transport]
    words = (*kernel.cmdline, *kernel.cmdline_emulated, *board.cmdline)
    # fmt: off
    command = [
        "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", str(memory),
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
        "-machine", board.argument, "-kernel", os.fspath(kernel.image), "-initrd", os.fspath(root),
        "-append", " ".join(words),
        "-netdev", "user,id=n,restrict=on", "-device", f"virtio-net-{kind},netdev=n",
        "-drive", f"if=none,id=d,format=raw,file={disk}", "-device", f"virtio-blk-{kind},drive=d",
        "-device", f"virtio-rng-{kind}",
    ]
    # fmt: on
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=True
    )
    return done.stdout


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_tiny_has_its_drivers_built_in(
    tiny: Kernel, init: bytes, tmp_path: Path, machine: str
) -> None:
    said = boot(tiny, machine, init, tmp_path)
    assert "/sys/class/net/eth0\n" in said
    assert "/sys/class/block/vda\n" in said
    assert "rng virtio_rng" in said
    assert "process 1 is done\n" in said
    assert tiny.modules(("net",)) == ()


def test_tiny_runs_a_root_of_22_mib_in_64_mib(tiny: Kernel, init: bytes, tmp_path: Path) -> None:
    assert "process 1 is done" in boot(tiny, "microvm", init, tmp_path, 64, 22 << 20)


def test_tiny_is_small(tiny: Kernel) -> None:
    assert tiny.image.stat().st_size < 5_000_000


def test_debian_loads_its_modules_in_the_order_given(
    debian: Kernel, init: bytes, tmp_path: Path
) -> None:
    said = boot(debian, "q35", init, tmp_path, 256)
    assert "/sys/class/net/eth0\n" in said
    assert "/sys/class/block/vda\n" in said
    assert "rng virtio_rng" in said
    assert "process 1 is done\n" in said


def test_a_second_build_comes_from_the_cache(tiny: Kernel) -> None:
    said: list[str] = []
    assert build("virtio-block", said.append) == tiny
    assert said == []

"""Choosing the accelerator: what is tried, what is remembered and what is said."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from fata.qemu.accelerator import Choice, Places, Preference, choose
from fata.qemu.machine import PROGRAM, Accelerator
from functoria.error import UserError


@pytest.fixture
def places(tmp_path: Path) -> Places:
    boot = tmp_path / "boot_id"
    boot.write_text("01234567-89ab-cdef-0123-456789abcdef\n")
    return Places(Path("/dev/null"), boot, tmp_path / "cache")


def test_emulation_on_request_looks_at_nothing() -> None:
    assert choose(Preference.TCG, Path("/nonexistent")) == Choice(
        Accelerator.TCG, "emulated, as asked for"
    )


def test_a_machine_without_kvm(tmp_path: Path) -> None:
    places = Places(tmp_path / "kvm", tmp_path / "boot_id", tmp_path / "cache")
    choice = choose(Preference.AUTO, Path("/nonexistent"), places=places)
    assert choice == Choice(Accelerator.TCG, f"emulated: this machine has no `{tmp_path}/kvm`")
    with pytest.raises(UserError) as raised:
        choose(Preference.KVM, Path("/nonexistent"), places=places)
    assert raised.value.what == f"KVM cannot be used: this machine has no `{tmp_path}/kvm`"
    assert raised.value.where == "--accelerator"


def _remembered(places: Places) -> list[Path]:
    return sorted(places.cache.iterdir())


def test_a_probe_is_remembered_until_the_next_boot(tmp_path: Path, places: Places) -> None:
    broken = tmp_path / "vmlinux"
    broken.write_bytes(b"not a kernel")
    first = choose(Preference.AUTO, broken, places=places)
    assert first.accelerator is Accelerator.TCG
    (remembered,) = _remembered(places)
    assert remembered.name.startswith("0123456789abcdef0123456789abcdef-")

    remembered.write_text(json.dumps({"obstacle": "remembered"}))
    again = choose(Preference.AUTO, broken, places=places)
    assert again.reason == "emulated: remembered"

    remembered.write_text(json.dumps({"obstacle": ""}))
    assert choose(Preference.AUTO, broken, places=places).accelerator is Accelerator.KVM

    places.boot_id.write_text("ffffffff-89ab-cdef-0123-456789abcdef\n")
    assert choose(Preference.AUTO, broken, places=places) == first
    assert not remembered.exists()


def test_who_insists_on_kvm_gets_a_new_probe(tmp_path: Path, places: Places) -> None:
    broken = tmp_path / "vmlinux"
    broken.write_bytes(b"not a kernel")
    choose(Preference.AUTO, broken, places=places)
    (remembered,) = _remembered(places)
    remembered.write_text(json.dumps({"obstacle": "remembered"}))
    with pytest.raises(UserError, match="is not a kernel that QEMU can start"):
        choose(Preference.KVM, broken, places=places)
    assert "remembered" not in remembered.read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"obstacle": 5}', "x" * 5000, "9" * 4090])
def test_a_spoilt_memory_is_forgotten(tmp_path: Path, places: Places, text: str) -> None:
    broken = tmp_path / "vmlinux"
    broken.write_bytes(b"not a kernel")
    expected = choose(Preference.AUTO, broken, places=places)
    (remembered,) = _remembered(places)
    remembered.write_text(text)
    assert choose(Preference.AUTO, broken, places=places) == expected


IMPOSTOR = """#!{python} -IS
import socket, sys, time
number = next(int(w.split("fd=")[1].split(",")[0]) for w in sys.argv if "id=console" in w)
console = socket.socket(fileno=number)
for line in {says!r}.splitlines(keepends=True):
    console.send(line)
    time.sleep({pause})
time.sleep({seconds})
"""


def _impostor(folder: Path, says: bytes, seconds: float, pause: float = 0) -> Path:
    """A kernel in `folder` next to a "QEMU" that prints `says` and ends after `seconds`.

    Between two lines there is a pause.
    """
    program = folder / PROGRAM
    text = IMPOSTOR.format(python=sys.executable, says=says, seconds=seconds, pause=pause)
    program.write_text(text)
    program.chmod(0o755)
    kernel = folder / "vmlinuz"
    setup = bytearray(1024)
    setup[0x1F1] = 1
    setup[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    kernel.write_bytes(setup)
    return kernel


@pytest.mark.parametrize(
    ("says", "seconds", "choice"),
    [
        (
            b"Kernel panic - not syncing: VFS: Unable to mount root fs\r\n",
            0,
            Choice(Accelerator.KVM, "a test start under KVM succeeded"),
        ),
        (
            b"Probing EDD (edd=off to disable)... ",
            60,
            Choice(
                Accelerator.TCG,
                "emulated: a test start under KVM hung: it came no further than"
                " `Probing EDD (edd=off to disable)...`",
            ),
        ),
        (
            b"Booting\r\n",
            0,
            Choice(
                Accelerator.TCG,
                "emulated: a test start under KVM came no further than `Booting`: the guest ended"
                " without an exit code; its last line: Booting",
            ),
        ),
    ],
)
def test_only_a_kernel_that_comes_to_its_end_is_believed(
    tmp_path: Path,
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    says: bytes,
    seconds: float,
    choice: Choice,
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}")
    kernel = _impostor(tmp_path, says, seconds)
    assert choose(Preference.AUTO, kernel, places=places, silence=0.6) == choice


def test_a_kernel_that_crawls_is_waited_for(
    tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As below a KVM that is emulated itself, which is quicker than what else there would be."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    says = b"Booting\r\n" * 6 + b"Kernel panic - not syncing: No working init found.\r\n"
    kernel = _impostor(tmp_path, says, 0, pause=0.2)
    choice = choose(Preference.AUTO, kernel, places=places, silence=0.9)
    assert choice == Choice(Accelerator.KVM, "a test start under KVM succeeded")


@pytest.mark.e2e
def test_this_machine_is_probed_once(kernel: Path, places: Places) -> None:
    here = Places(Places.here().device, places.boot_id, places.cache)
    first = choose(Preference.AUTO, kernel, kernel_sha256="0" * 64, places=here)
    assert first.reason
    times = []
    for _ in range(10):
        began = time.monotonic()
        assert choose(Preference.AUTO, kernel, kernel_sha256="0" * 64, places=here) == first
        times.append(time.monotonic() - began)
    assert min(times) < 0.05

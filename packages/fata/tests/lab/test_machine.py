"""The command line of the emulated machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.lab import machine
from fata.lab.machine import Machine, check_memory, command
from functoria.error import UsageError, UserError

MACHINE = Machine(
    xen=Path("/h/xen"),
    kernel=Path("/h/vmlinux"),
    initramfs=Path("/l/dom0.cpio"),
    console=Path("/l/console,1.log"),
    exchange=Path("/l/exchange"),
    disk=Path("/l/disk"),
    memory=1024,
    port=25000,
)


@pytest.fixture(autouse=True)
def _qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "program", lambda: "qemu")


def option(words: tuple[str, ...], name: str) -> list[str]:
    return [words[index + 1] for index, word in enumerate(words) if word == name]


def test_registers_of_one_domain_do_not_reach_another() -> None:
    (xen,) = option(command(MACHINE, 3, 4), "-append")
    # The order matters: what comes later wins over what `spec-ctrl=no` implies.
    assert "spec-ctrl=no,eager-fpu=yes" in xen.split()


def test_the_processor_has_nothing_that_is_emulated_wrongly() -> None:
    (cpu,) = option(command(MACHINE, 3, 4), "-cpu")
    assert {"-smap", "-rdtscp", "-monitor"} <= set(cpu.split(","))


def test_modules_of_xen_are_separated_by_the_only_comma() -> None:
    (modules,) = option(command(MACHINE, 3, 4), "-initrd")
    kernel, initramfs = modules.split(",")
    assert kernel.split()[0] == "/h/vmlinux"
    assert initramfs == "/l/dom0.cpio"


def test_only_sshd_is_published_and_only_on_the_loopback_address() -> None:
    (network,) = option(command(MACHINE, 3, 4), "-netdev")
    assert "restrict=on" in network.split(",")
    assert network.endswith(",hostfwd=tcp:127.0.0.1:25000-10.0.2.10:22")
    assert network.count("hostfwd") == 1


def test_a_saved_state_is_loaded_from_a_descriptor_and_nothing_else_differs() -> None:
    cold, warm = command(MACHINE, 3), command(MACHINE, 3, 4)
    assert warm == (*cold, "-incoming", "fd:4")


def test_commas_in_paths_are_not_options() -> None:
    assert "file,id=console,path=/l/console,,1.log" in command(MACHINE, 3, 4)


@pytest.mark.parametrize("memory", [-1, 0, 767, 1 << 21])
def test_memory_that_is_too_little_or_absurd(memory: int) -> None:
    with pytest.raises(UsageError, match=f"cannot have {memory} MiB") as error:
        check_memory(memory)
    assert error.value.where == "--memory"


def test_no_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UserError, match="QEMU is not installed"):
        machine.program()

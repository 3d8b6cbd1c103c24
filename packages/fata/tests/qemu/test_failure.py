"""QEMU's own words at its start, and what its user is told instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.qemu.failure import not_installed, start_failure
from fata.qemu.machine import Accelerator, Guest, UserNic
from fata.qemu.publish import Publish

GUEST = Guest(
    Path("vmlinux"),
    memory=4096,
    nics=(UserNic("52:54:00:00:00:01", (Publish("127.0.0.1", 1, 80),)),),
)


@pytest.mark.parametrize(
    ("stderr", "accelerator", "what"),
    [
        (
            "qemu-system-x86_64: -netdev user,id=net0,hostfwd=tcp:127.0.0.1:1-:80: Could not set"
            " up host forwarding rule 'tcp:127.0.0.1:1-:80'\n",
            Accelerator.TCG,
            "port `127.0.0.1:1/tcp` is already in use",
        ),
        (
            "qemu-system-x86_64: cannot set up guest memory 'microvm.ram': Cannot allocate memory",
            Accelerator.TCG,
            "this machine has no 4096 MiB of memory to give to the guest",
        ),
        (
            "qemu-system-x86_64: unsupported machine type\nUse -machine help to list supported",
            Accelerator.TCG,
            "this QEMU is too old for the machine `microvm`: unsupported machine type",
        ),
        (
            "qemu-system-x86_64: Property 'microvm-machine.acpi' not found",
            Accelerator.TCG,
            "this QEMU is too old for the machine `microvm`:"
            " Property 'microvm-machine.acpi' not found",
        ),
        (
            "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nqemu-system-x86_64:"
            " ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion",
            Accelerator.KVM,
            "KVM cannot be used: error: failed to set MSR 0x10a to 0x69",
        ),
        (
            "qemu-system-x86_64: -sandbox on: seccomp support is disabled",
            Accelerator.TCG,
            "this QEMU cannot put itself into a sandbox: -sandbox on: seccomp support is disabled",
        ),
        (
            'qemu-system-x86_64: -device virtio-blk-device,drive=disk0: Failed to get "write"'
            " lock\nIs another process using the image [a.img]?",
            Accelerator.TCG,
            "a disk of the guest is in use by another guest",
        ),
        ("", Accelerator.TCG, "QEMU did not start: it said nothing"),
    ],
)
def test_what_qemu_says_and_what_it_means(stderr: str, accelerator: Accelerator, what: str) -> None:
    error = start_failure(stderr, GUEST, accelerator)
    assert error.what == what
    assert error.do


def test_no_qemu_at_all() -> None:
    assert str(not_installed()) == (
        "QEMU is not installed: there is no `qemu-system-x86_64`; run `fata doctor`;"
        " on Debian and Ubuntu: `sudo apt install qemu-system-x86`"
    )

"""What a kernel can boot on follows from its configuration."""

from __future__ import annotations

from fata.kernel.boot import MICROVM, Q35, cmdline, machines


def test_microvm_needs_devices_on_the_command_line() -> None:
    assert machines("CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n") == (MICROVM, Q35)
    assert machines("# CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES is not set\n") == (Q35,)


def test_only_the_distributions_kernel_has_mitigations_to_turn_off() -> None:
    assert "mitigations=off" in cmdline("debian")
    assert "mitigations=off" not in cmdline("tiny")


def test_on_xen_the_console_is_the_hypervisors_and_there_is_no_machine() -> None:
    assert cmdline("tiny", "xen")[0] == "console=hvc0"
    assert "console=ttyS0" not in cmdline("debian", "xen")
    assert machines("# CONFIG_PCI is not set\n") == ()

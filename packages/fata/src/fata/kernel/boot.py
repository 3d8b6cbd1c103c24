"""How kernels want to be booted: on which machines, with which words on their command line.

This is decided here and not kept in the cache, so that a newer fata boots an older kernel well.
The reasons and what each word saves are in docs/kernels.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from fata.kernel.model import Machine

# Without ACPI there is nothing to parse; the clock chip is read once for the time of day.
MICROVM = Machine("microvm", ("acpi=off", "rtc=on"), "mmio")
Q35 = Machine("q35", (), "pci")

# The root in memory may fill more than the half of it that tmpfs allows: an image has no other use
# for the rest of a small guest's memory while it starts.
_CMDLINE = ("panic=-1", "quiet", "rootfstype=ramfs")
_HYPERVISOR: Mapping[str, tuple[str, ...]] = {
    "virtio": ("console=ttyS0", "reboot=t"),
    # A panic is a crash, which Xen keeps for a look at it, and not a restart.
    "xen": ("console=hvc0", "xen_legacy_crash"),
}
# The tables of a PVH guest are all that is left of a PC, and the code that reads them reports each
# part that it misses as an error. What is worse than an error still shows.
_LEVEL: Mapping[str, tuple[str, ...]] = {"virtio": (), "xen": ("loglevel=3",)}
# A guest runs one program: there is no other to protect from it inside.
_MORE: Mapping[str, tuple[str, ...]] = {"debian": ("mitigations=off",)}
# An emulated timer interrupt needs no proof, and an emulated APIC timer, calibrated for a tenth of
# a second against the emulated PIT, keeps no better time than that. No loop is timed either.
CMDLINE_EMULATED = ("no_timer_check", "nolapic_timer", "lpj=10000000")


def machines(config: str) -> tuple[Machine, ...]:
    """What a kernel with this configuration runs on, the fastest to start first.

    `microvm` only where the kernel takes devices from the command line. Without that, QEMU would
    have to describe them through ACPI; it then leaves out the timer that an emulated clock is
    calibrated with, and such a guest often stops right there. A kernel for Xen has no PCI and runs
    on none of them.
    """
    lines = config.splitlines()
    if "# CONFIG_PCI is not set" in lines:
        return ()
    if "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y" in lines:
        return MICROVM, Q35
    return (Q35,)


def cmdline(provider: str, hypervisor: str = "virtio") -> tuple[str, ...]:
    """The words that every guest of this provider's kernels wants on `virtio` or on `xen`."""
    words = _HYPERVISOR[hypervisor] + _CMDLINE + _LEVEL[hypervisor]
    return words + _MORE.get(provider, ())

"""The command line of QEMU for a machine with Xen on it. Nothing is run here.

Several settings work around limits of QEMU's emulation; each was found the hard way.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fata.qemu.failure import not_installed
from fata.qemu.machine import PROGRAM, escaped, sandbox
from functoria.error import UsageError

ADDRESS = "10.0.2.10"
"""The control domain on its bridge; DHCP gives guests addresses from 10.0.2.15 on."""
NETWORK = "net0"
EXCHANGE_BYTES = 256 << 20
"""The size of the disk by which files come in; the control domain has half of that for them."""
BRIDGE = "xenbr0"

MEMORY = 1152
"""MiB of a lab: the control domain has 512, Xen 60, the guests the rest."""
MEMORY_LEAST = 768
_CONTROL_DOMAIN = 512
_TRANSLATIONS = 256
"""MiB that QEMU may use for translated code, beside the machine's memory."""
OVERHEAD = _TRANSLATIONS + 64

# Without `-smap` the control domain dies in its first instructions; without `-rdtscp` guests do
# that are PVH; without `-monitor` Xen may. All three are wrong in emulation only.
_CPU = "max,-smap,-rdtscp,-monitor"

# `eager-fpu=yes` after `spec-ctrl=no`, in this order: else registers of one domain leak into
# another, silently. `bootscrub=0` leaves memory untouched, which keeps saved states small.
_XEN = (
    "console=com1",
    "com1=115200,8n1",
    f"dom0_mem={_CONTROL_DOMAIN}M,max:{_CONTROL_DOMAIN}M",
    "dom0_max_vcpus=1",
    "loglvl=warning",
    "guest_loglvl=warning",
    "spec-ctrl=no,eager-fpu=yes",
    "xpti=no",
    "bootscrub=0",
    "noreboot",
)
# No commas: they separate modules in QEMU's `-initrd`.
_LINUX = ("console=hvc0", "mitigations=off", "tsc=unstable", "quiet", "panic=-1")


@dataclass(frozen=True, slots=True)
class Machine:
    """`Machine(...)` is a machine with Xen; `memory` is in MiB, `port` leads to its sshd."""

    xen: Path
    kernel: Path
    initramfs: Path
    console: Path
    exchange: Path
    disk: Path
    memory: int
    port: int
    sandbox: bool = True


def check_memory(memory: int) -> None:
    """Raises `UsageError` for an amount that Xen and its control domain do not fit into."""
    if not MEMORY_LEAST <= memory <= 1 << 20:
        raise UsageError(
            f"a lab cannot have {memory} MiB of memory",
            "--memory",
            f"give it {MEMORY_LEAST} or more; {MEMORY} has room for four guests of 128",
        )


def program() -> str:
    """The path of QEMU; raises `UserError` where it is not installed."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise not_installed()
    return found


def command(machine: Machine, qmp: int, incoming: int | None = None) -> tuple[str, ...]:
    """`command(machine, qmp, incoming)` is QEMU's argument list.

    `qmp` is the descriptor of a listening socket, `incoming` of a file with a saved state.
    Everything but `machine.port` must be the same when a state is loaded as when it was saved.
    """
    modules = f"{escaped(machine.kernel)} {' '.join(_LINUX)},{escaped(machine.initramfs)}"
    return (
        program(),
        *("-no-user-config", "-nodefaults", "-display", "none", "-vga", "none", "-no-reboot"),
        *("-machine", "q35", "-accel", f"tcg,thread=multi,tb-size={_TRANSLATIONS}"),
        *("-cpu", _CPU, "-smp", "1", "-m", str(machine.memory)),
        *sandbox(machine.sandbox),
        *("-kernel", str(machine.xen), "-append", " ".join(_XEN), "-initrd", modules),
        *("-netdev", _netdev(machine.port)),
        *("-device", f"virtio-net-pci,netdev={NETWORK},mac=52:54:00:fa:7a:00,romfile="),
        *("-object", "rng-builtin,id=entropy", "-device", "virtio-rng-pci,rng=entropy"),
        # Tells the control domain that it was copied, so that its random numbers are new ones.
        *("-device", "vmgenid,guid=auto"),
        *("-chardev", f"file,id=console,path={escaped(machine.console)}"),
        *("-serial", "chardev:console"),
        *("-chardev", f"socket,id=qmp,fd={qmp},server=on,wait=off"),
        *("-mon", "chardev=qmp,mode=control"),
        # Files come in by a disk: each call of the kernel is slow here, and a disk needs few.
        "-blockdev",
        "driver=raw,node-name=exchange,read-only=on,"
        f"file.driver=file,file.filename={escaped(machine.exchange)}",
        *("-device", "virtio-blk-pci,drive=exchange"),
        # Its contents end with the lab: nothing needs to reach the real disk.
        "-blockdev",
        "driver=raw,node-name=disk,cache.no-flush=on,discard=unmap,"
        f"file.driver=file,file.filename={escaped(machine.disk)}",
        *("-device", "virtio-blk-pci,drive=disk"),
        *(() if incoming is None else ("-incoming", f"fd:{incoming}")),
    )


def _netdev(port: int) -> str:
    # Restricted: guests reach each other and the control domain, and nothing outside.
    return f"user,id={NETWORK},restrict=on,hostfwd=tcp:127.0.0.1:{port}-{ADDRESS}:22"

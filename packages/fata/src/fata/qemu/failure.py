"""QEMU's complaints at its start, as errors that say what to do."""

from __future__ import annotations

import errno
import re

from fata.qemu.machine import PROGRAM, Accelerator, Guest, UserNic
from fata.qemu.publish import unavailable
from functoria.error import UserError

_INSTALL = "run `fata doctor`; on Debian and Ubuntu: `sudo apt install qemu-system-x86`"


def not_installed(program: str = PROGRAM) -> UserError:
    """`not_installed(program)` is the error for a QEMU that cannot be found."""
    return UserError(f"QEMU is not installed: there is no `{program}`", None, _INSTALL)


def start_failure(stderr: str, guest: Guest, accelerator: Accelerator) -> UserError:
    """`start_failure(stderr, guest, accelerator)` is what QEMU's last words mean to its user."""
    words = _words(stderr)
    if match := re.search(r"host forwarding rule '(tcp|udp):([0-9.]+):([0-9]+)-", stderr):
        for nic in guest.nics:
            for port in nic.publish if isinstance(nic, UserNic) else ():
                if (port.protocol, port.address, str(port.host)) == match.groups():
                    return unavailable(port, errno.EADDRINUSE)
    if "Cannot allocate memory" in stderr or "cannot set up guest memory" in stderr:
        return UserError(
            f"this machine has no {guest.memory} MiB of memory to give to the guest",
            "--memory",
            "ask for less, or end other programs; `free -m` shows what is left",
        )
    if re.search(r"unsupported machine type|Property '[a-z0-9.-]*microvm", stderr):
        return UserError(
            f"this QEMU is too old for the machine `{guest.machine}`: {words}",
            None,
            "install QEMU 6.0 or newer, or run on the machine `q35`",
        )
    if accelerator is Accelerator.KVM and re.search(r"kvm|KVM", stderr):
        return kvm_unusable(words)
    if "seccomp" in stderr or "-sandbox" in stderr:
        return UserError(
            f"this QEMU cannot put itself into a sandbox: {words}",
            None,
            "install a QEMU built with seccomp, or switch its sandbox off",
        )
    if match := re.search(r"Failed to get \"[a-z ]+\" lock", stderr):
        return UserError(
            "a disk of the guest is in use by another guest",
            None,
            "stop that guest, or give this one its own copy of the disk",
        )
    return UserError(f"QEMU did not start: {words}", None, "run `fata doctor` and read its report")


def kvm_unusable(reason: str) -> UserError:
    """`kvm_unusable(reason)` is the error where KVM was asked for and does not work."""
    return UserError(
        f"KVM cannot be used: {reason}",
        "--accelerator",
        "leave the option out to have the guest emulated where KVM does not work",
    )


def _words(stderr: str) -> str:
    # The first complaint is the cause; what follows it are consequences.
    lines = [line for line in stderr.splitlines() if line.strip() and "warning:" not in line]
    if not lines:
        return "it said nothing"
    return lines[0].removeprefix(f"{PROGRAM}: ")[:400]

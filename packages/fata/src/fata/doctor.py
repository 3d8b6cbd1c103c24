"""What this machine can and cannot do, each with the command that mends it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fata.kernel import cached_kernels
from fata.kernel.model import Kernel
from fata.qemu.accelerator import Preference, choose
from fata.qemu.machine import PROGRAM, Accelerator
from functoria import UserError

BUILD_TOOLS = ("gcc", "make", "flex", "bison", "bc", "ld")
ROOM_BYTES = 2_000_000_000
"""What a build of a kernel takes for a while."""


class State(Enum):
    """`GOOD`: as it should be; `LIMITED`: fata works, less well; `MISSING`: something fails."""

    GOOD = "ok"
    LIMITED = "warn"
    MISSING = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`Finding(name, state, found, do)` is one thing that was looked at."""

    name: str
    state: State
    found: str
    do: str | None = None


def examine() -> tuple[Finding, ...]:
    """`examine()` is all findings; none of them depends on another."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python,
        _qemu,
        _accelerator,
        _kernels,
        _kernel_tools,
        _apt,
        _strip,
        _uv,
        _git,
        _room,
        _lab,
    )
    return tuple(check() for check in checks)


def apt_install(*packages: str) -> str:
    """`apt_install(...)` is the command that installs Debian packages here."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {' '.join(packages)}"


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    found = f"CPython {version} at {Path(sys.executable).resolve()}"
    if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
        return Finding("python", State.MISSING, found, "run fata with CPython 3.11 or newer")
    return Finding("python", State.GOOD, found)


def _qemu() -> Finding:
    path = shutil.which(PROGRAM)
    if path is None:
        do = apt_install("qemu-system-x86")
        return Finding("qemu", State.MISSING, f"there is no {PROGRAM}: VMs cannot run here", do)
    return Finding("qemu", State.GOOD, _first_line(path, "--version"))


def _accelerator() -> Finding:
    found = [kernel for kernel in cached_kernels() if isinstance(kernel, Kernel)]
    kernels = [kernel for kernel in found if kernel.machines]
    if shutil.which(PROGRAM) is None:
        return Finding("kvm", State.LIMITED, "not tried, for want of QEMU")
    if not kernels:
        return Finding("kvm", State.LIMITED, "not tried, for want of a kernel", "fata build")
    try:
        choice = choose(Preference.AUTO, kernels[0].image)
    except UserError as error:
        return Finding("kvm", State.LIMITED, error.what, error.do)
    if choice.accelerator is Accelerator.KVM:
        return Finding("kvm", State.GOOD, choice.reason)
    return Finding("kvm", State.LIMITED, f"guests run {choice.reason}")


def _kernels() -> Finding:
    kernels = [kernel for kernel in cached_kernels() if isinstance(kernel, Kernel)]
    if not kernels:
        return Finding("kernels", State.LIMITED, "none yet: the first build fetches one")
    names = ", ".join(
        f"{kernel.provider}-{kernel.profile}-{kernel.key[:8]} {kernel.version}"
        for kernel in kernels
    )
    if not any(kernel.provider == "tiny" for kernel in kernels):
        return Finding("kernels", State.LIMITED, names, "fata kernel build")
    return Finding("kernels", State.GOOD, names)


def _kernel_tools() -> Finding:
    missing = [tool for tool in BUILD_TOOLS if shutil.which(tool) is None]
    if missing:
        do = apt_install("gcc", "make", "flex", "bison", "bc", "libelf-dev", "libssl-dev")
        what = f"{', '.join(missing)} missing: kernels cannot be built here"
        return Finding("kernel tools", State.LIMITED, what, do)
    return Finding("kernel tools", State.GOOD, _first_line("gcc", "--version"))


def _apt() -> Finding:
    if shutil.which("apt-get") is None:
        what = "there is no apt: kernels of the distribution cannot be fetched"
        return Finding("apt", State.LIMITED, what, "use fata on Debian or a system like it")
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        update = apt_install().replace("install ", "update")
        return Finding("apt", State.LIMITED, "the lists of packages are empty", update)
    return Finding("apt", State.GOOD, "the lists of packages are there")


def _strip() -> Finding:
    if shutil.which("strip") is None:
        what = "there is no strip: images are larger than need be"
        return Finding("binutils", State.LIMITED, what, apt_install("binutils"))
    return Finding("binutils", State.GOOD, _first_line("strip", "--version"))


def _uv() -> Finding:
    if importlib.util.find_spec("uv") is None:
        what = "the package uv is missing: requirements cannot be installed"
        return Finding("uv", State.MISSING, what, f"{sys.executable} -m pip install uv")
    import uv

    return Finding("uv", State.GOOD, _first_line(uv.find_uv_bin(), "--version"))


def _git() -> Finding:
    if shutil.which("git") is None:
        what = "there is no git: builds do not record their commit"
        return Finding("git", State.LIMITED, what, apt_install("git"))
    return Finding("git", State.GOOD, _first_line("git", "--version"))


def _room() -> Finding:
    from fata.cache import cache_directory

    directory = cache_directory()
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB free for the cache in {directory}"
    if free < ROOM_BYTES:
        return Finding("disk", State.LIMITED, found, f"make room below {existing}")
    return Finding("disk", State.GOOD, found)


def _lab() -> Finding:
    if shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        what = "there is no ssh: the Xen host of `fata lab` cannot be reached"
        return Finding("lab", State.LIMITED, what, apt_install("openssh-client"))
    from fata.lab import Condition, all_labs
    from fata.lab.host import hosts

    running = [each.name for each in all_labs() if each.condition is Condition.RUNNING]
    if running:
        return Finding("lab", State.GOOD, f"a Xen host inside QEMU runs: {', '.join(running)}")
    if any(hosts().glob("*/entry.json")):
        return Finding("lab", State.GOOD, "a Xen host inside QEMU can be started: `fata lab up`")
    return Finding("lab", State.GOOD, "no Xen host yet: the first `fata lab up` makes one")


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not answer: {error}"
    return done.stdout.decode(errors="replace").partition("\n")[0].strip()

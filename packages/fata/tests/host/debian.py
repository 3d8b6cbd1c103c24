"""A fresh Debian system to set up: disks for a VM, made by the host's own apt and mmdebstrap.

They are kept in the user's cache under the digest of what they are made from.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fata.cache import cache_directory, key_of

BASE = (
    "systemd-sysv,udev,dbus,openssh-server,sudo,ifupdown,isc-dhcp-client,grub-pc,"
    "linux-image-amd64,initramfs-tools,zstd,iproute2,kmod,procps,python3-minimal,python3"
)
LATER = "qemu-system-x86 nftables xen-system-amd64"
"""What `fata host setup` installs; all that it needs besides comes with it."""

UNUSED = ("gpu", "media", "net/wireless", "net/ethernet", "infiniband", "usb", "iio", "staging")
"""Drivers of things that the emulated machine has not."""

_CUSTOMIZE = Path(__file__).with_name("customize.sh")


def fresh_debian() -> Path:
    """A directory with disk.raw, packages.raw, host_key.pub and the user's key `id`."""
    key = key_of(Path(__file__).read_bytes(), _CUSTOMIZE.read_bytes(), _offered())
    place = cache_directory() / "tests" / f"debian-{key[:16]}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            _make(made)
            made.rename(place)
    return place


def _make(out: Path) -> None:
    new_key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(out / "id"))
    subprocess.run(new_key, check=True)
    excluded = (
        *("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/lib/modules/*/sound/*"),
        *(f"/lib/modules/*/drivers/{name}/*" for name in UNUSED),
    )
    initramfs = (
        'mkdir -p "$1/etc/initramfs-tools/conf.d" && '
        'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/list" && '
        'printf "%s\\n" virtio_pci virtio_blk ext4 >"$1/etc/initramfs-tools/modules"'
    )
    sources = [
        path
        for path in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").iterdir())
        if path.suffix in {".list", ".sources"} and path.is_file()
    ]
    log = out / "log"
    with log.open("wb") as file:
        done = subprocess.run(
            (
                *("mmdebstrap", "--variant=minbase", "--format=null", f"--include={BASE}"),
                '--aptopt=APT::Install-Recommends "false"',
                '--aptopt=Acquire::Languages "none"',
                "--dpkgopt=force-unsafe-io",
                *(f"--dpkgopt=path-exclude={pattern}" for pattern in excluded),
                f"--essential-hook={initramfs}",
                f"--customize-hook={_CUSTOMIZE}",
                *(_release(), "/dev/null", *map(str, sorted(sources))),
            ),
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OUT": str(out), "LATER": LATER},
            check=False,
        )
    assert done.returncode == 0, log.read_text(errors="replace")[-3000:]


def _offered() -> str:
    """The versions that apt offers of what matters most."""
    names = (*BASE.split(","), *LATER.split())
    done = subprocess.run(("apt-cache", "policy", *names), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("  Installed:"))


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line for line in lines if line.startswith("VERSION_CODENAME=")).partition("=")[2]


def tools() -> bool:
    """Whether this machine can make and run the system."""
    return all(map(shutil.which, ("mmdebstrap", "dpkg-scanpackages", "sfdisk", "mke2fs", "ssh")))

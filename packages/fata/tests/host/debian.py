"""A fresh Debian system to set up: disks for a VM, made by the host's own apt and mmdebstrap.

They are kept in the user's cache under the digest of what they are made from.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from fata.cache import cache_directory, key_of

BASE = (
    "systemd-sysv,udev,dbus,openssh-server,sudo,ifupdown,isc-dhcp-client,grub-pc,"
    "linux-image-amd64,initramfs-tools,zstd,iproute2,kmod,procps,perl,python3-minimal,python3"
)
LATER = "qemu-system-x86 nftables xen-system-amd64 git age"
"""What `fata host setup` installs; all that it needs besides comes with it."""

UNUSED = ("gpu", "media", "net/wireless", "net/ethernet", "infiniband", "usb", "iio", "staging")
"""Drivers of things that the emulated machine has not."""

_CUSTOMIZE = Path(__file__).with_name("customize.sh")


def fresh_debian(release: str = "") -> Path:
    """A directory with disk.raw, packages.raw, host_key.pub and the user's key `id`.

    The release is the one of this machine, unless another is named.
    """
    own = _release()
    key = key_of(Path(__file__).read_bytes(), _CUSTOMIZE.read_bytes(), release or own, _offered())
    place = cache_directory() / "tests" / f"debian-{key[:16]}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            _make(made, release or own)
            made.rename(place)
    return place


def _make(out: Path, release: str) -> None:
    new_key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(out / "id"))
    subprocess.run(new_key, check=True)
    excluded = (
        *("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*"),
        *("/usr/lib/firmware/*", "/usr/share/*-backgrounds/*", "/usr/share/desktop-base/*"),
        *(f"{lib}/modules/*/sound/*" for lib in ("/lib", "/usr/lib")),
        *(f"{lib}/modules/*/drivers/{name}/*" for lib in ("/lib", "/usr/lib") for name in UNUSED),
    )
    initramfs = (
        'mkdir -p "$1/etc/initramfs-tools/conf.d" && '
        'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/list" && '
        'printf "%s\\n" virtio_pci virtio_blk ext4 >"$1/etc/initramfs-tools/modules"'
    )
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
                *(release, "/dev/null", *map(str, _sources(out, release))),
            ),
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OUT": str(out), "LATER": LATER},
            check=False,
        )
    assert done.returncode == 0, log.read_text(errors="replace")[-3000:]


def _sources(out: Path, release: str) -> list[Path]:
    """Where this machine's apt gets its packages; the same places for another release."""
    paths = (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").iterdir())
    own = sorted(p for p in paths if p.suffix in {".list", ".sources"} and p.is_file())
    if release == _release():
        return own
    made = []
    for path in own:
        text = path.read_text()
        if re.search(rf"^(deb|Suites:).*\b{_release()}\b", text, re.MULTILINE):
            (out / path.name).write_text(text.replace(_release(), release))
            made.append(out / path.name)
    return made


def _offered() -> str:
    """The versions that apt offers of what matters most."""
    names = (*BASE.split(","), *LATER.split())
    done = subprocess.run(("apt-cache", "policy", *names), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("  Installed:"))


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line for line in lines if line.startswith("VERSION_CODENAME=")).partition("=")[2]

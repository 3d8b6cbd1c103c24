"""The guest of Xen by ordinary means: minimal Debian with systemd, and the same program.

Debian's cloud kernel and its initramfs by Debian's own tools; a root disk of what `mmdebstrap`
calls minimal, with systemd and Python as packages; the program as a service of systemd. What
installing it has brought that no guest reads (manuals, translations, all drivers but those for Xen)
is left out, and the root is compressed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from commands import run

from fata.cache import cache_directory, key_of
from functoria import UserError

_ORDINARY = Path(__file__).resolve().parent / "ordinary"
_HOOKS = ("prepare-debian", "finish-debian")
_PACKAGES = (
    "systemd-sysv", "udev", "kmod", "iproute2", "python3",
    "linux-image-cloud-amd64", "initramfs-tools", "zstd",
)  # fmt: skip
_USELESS = (
    "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*",
    "/lib/firmware/*", "/boot/System.map*", "/lib/modules/*/kernel/*",
)  # fmt: skip
_NEEDED = ("/lib/modules/*/xen*", "/lib/modules/*/squashfs/*")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Debian:
    """`Debian(kernel, initramfs, root, version)` is what starts it; `root` is a squashfs.

    `version` is the kernel's.
    """

    kernel: Path
    initramfs: Path
    root: Path
    version: str

    @property
    def files(self) -> tuple[Path, Path, Path]:
        """All that is stored and shipped."""
        return self.kernel, self.initramfs, self.root


def debian(site: Path, address: str, scratch: Path, report: Report) -> Debian:
    """`debian(site, address, scratch, report)` is the guest with the program in `site`.

    The system without the program is kept in the user's cache, under what it was made of. Raises
    `UserError`.
    """
    system = _system(address, report)
    report("compressing the root disk of the Debian guest")
    root = scratch / "root.squashfs"
    whole = scratch / "root.tar"
    shutil.copyfile(system / "root.tar", whole)
    owner = ("--owner=0", "--group=0", "--numeric-owner")
    place = (f"--transform=s,^{site.name},srv/website,", "-C", str(site.parent), site.name)
    run(["tar", *owner, "--append", "-f", str(whole), *place], scratch)
    with whole.open("rb") as archive:
        packed = subprocess.run(
            ["sqfstar", "-quiet", "-no-progress", "-comp", "zstd", str(root)],
            stdin=archive,
            capture_output=True,
            check=False,
        )
    if packed.returncode != 0:
        said = packed.stderr.decode(errors="replace").strip()[-300:]
        raise UserError(f"`sqfstar` failed: {said}", str(root), "run `tools/setup --bench`")
    whole.unlink()
    version = (system / "version").read_text().strip()
    return Debian(system / "kernel", system / "initramfs", root, version)


def _system(address: str, report: Report) -> Path:
    hooks = [(_ORDINARY / name).read_bytes() for name in _HOOKS]
    words = " ".join((*_PACKAGES, *_USELESS, *_NEEDED, address))
    place = cache_directory() / "bench" / f"debian-{key_of(words, _offered(), *hooks)[:16]}"
    if not place.is_dir():
        report("making a minimal Debian with systemd: some two minutes, once")
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as made:
            _make(Path(made), address)
            Path(made, "place").rename(place)
    return place


def _make(scratch: Path, address: str) -> None:
    out = scratch / "place"
    out.mkdir()
    run(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(_PACKAGES)}"),
            '--aptopt=APT::Install-Recommends "false"',
            '--aptopt=Acquire::Languages "none"',
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _USELESS),
            *(f"--dpkgopt=path-include={pattern}" for pattern in _NEEDED),
            *("--essential-hook", f'{_ORDINARY / "prepare-debian"} "$1"'),
            *("--customize-hook", f'{_ORDINARY / "finish-debian"} "$1"'),
            *(_release(), str(out / "root.tar"), *_sources()),
        ],
        scratch,
        OUT=str(out),
        ADDRESS=address,
    )


def _sources() -> tuple[str, ...]:
    """Where this machine's apt gets its packages."""
    paths = (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*"))
    return tuple(str(p) for p in sorted(paths) if p.suffix in {".list", ".sources"} and p.is_file())


def _offered() -> str:
    """The versions that apt offers of what is asked for."""
    done = subprocess.run(("apt-cache", "policy", *_PACKAGES), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("  Installed:"))


def _release() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise UserError("this machine does not say its release", "/etc/os-release", "use Debian")

"""The kernel's source: the newest `linux-source-X.Y` package that the host's apt offers.

A package that is installed already is used where it lies, in /usr/src.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fata.kernel import apt
from fata.kernel.tool import need, run
from functoria.error import UserError

PATTERN = r"linux-source-(\d+\.\d+)"
_SOURCES = Path("/usr/src")
# Directories that no profile compiles from; their Kconfig files are still read.
_UNUSED = ("gpu", "media", "staging", "infiniband", "scsi", "net/wireless", "net/ethernet", "usb")


@dataclass(frozen=True, slots=True)
class Source:
    """`Source(package, tarball)` is a source package; no `tarball` means: it is to be fetched."""

    package: apt.Package
    tarball: Path | None


def newest() -> Source:
    """The newest source there is; raises `UserError` where apt offers none and none is here."""
    local = _local()
    if shutil.which("apt-cache") is None and local is not None:
        return local
    name = apt.newest(PATTERN)
    if name is None:
        if local is not None:
            return local
        raise UserError(
            "apt offers no package `linux-source-X.Y`",
            None,
            "run `apt update`; the package is in the main archive of Debian and in Ubuntu's",
        )
    package = apt.candidate(name)
    tarball = _SOURCES / f"{name}.tar.xz"
    if apt.installed(name) == package.version and tarball.is_file():
        return Source(package, tarball)
    return Source(package, None)


def unpack(source: Source, directory: Path, report: Callable[[str], None]) -> Path:
    """The top of the source tree, unpacked below `directory`."""
    tar = need("tar", "tar", "the kernel's source is an archive")
    need("xz", "xz-utils", "the kernel's source is compressed with it")
    tarball = source.tarball
    if tarball is None:
        report(f"fetching {source.package.name} {source.package.version}")
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            apt.unpack(apt.fetch(source.package, Path(scratch)), directory / "package")
        tarball = next(iter(sorted(directory.glob("package/usr/src/*.tar.xz"))), None)
        if tarball is None:
            raise UserError(
                f"package `{source.package.name}` holds no source archive",
                str(directory),
                "install another `linux-source-X.Y` package and try again",
            )
    report(f"unpacking {source.package.name} {source.package.version}")
    skipped = [f"--exclude=*/drivers/{name}/*.{kind}" for name in _UNUSED for kind in "ch"]
    others = ["--exclude=*/Documentation/*/*", "--exclude=*/arch/*/boot/dts/*"]
    arguments = [tar, "-xf", str(tarball), "-C", str(directory), "--no-same-owner"]
    run([*arguments, *skipped, *others], None, "free some disk space and try again")
    top = next(iter(sorted(directory.glob("*/Kconfig"))), None)
    if top is None:
        raise UserError(
            f"`{tarball.name}` is not a kernel's source: no Kconfig in it",
            str(tarball),
            f"install {source.package.name} again",
        )
    return top.parent


def _local() -> Source | None:
    """The newest source archive in /usr/src, with the version of the package that put it there."""
    found: list[tuple[tuple[int, ...], Path, str]] = []
    for path in sorted(_SOURCES.glob("linux-source-*.tar.xz")):
        name = path.name.removesuffix(".tar.xz")
        if match := re.fullmatch(PATTERN, name):
            found.append((tuple(int(part) for part in match[1].split(".")), path, name))
    if not found:
        return None
    _, path, name = max(found)
    version = apt.installed(name) if shutil.which("dpkg-query") else None
    if version is None:
        return None
    return Source(apt.Package(name, version), path)

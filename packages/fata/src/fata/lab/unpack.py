"""The files of a Debian package, as far as they are of use.

`dpkg-deb` only unpacks to a pipe (dpkg-deb(1)): what it starts in turn ends with the reader, which
processes that write files themselves would not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from fata.child import tied
from fata.kernel.tool import need
from functoria.error import UserError

_USELESS = re.compile(
    r"usr/share/|usr/include/|var/|"
    r"(usr/)?lib/modules/[^/]+/kernel/(sound|fs(?!/(?:ext4|jbd2|mbcache))|"
    r"drivers/(gpu|media|scsi|usb|staging|infiniband|iio|hid|input|mmc|mtd|net/(wireless|ethernet|usb|can)|video|watchdog))/"
)
"""Documentation, and drivers that neither we need nor what we need."""


def unpack(deb: Path, directory: Path) -> None:
    """`unpack(deb, directory)` extracts files, links and nothing else below `directory`.

    Raises `UserError` where the package is damaged.
    """
    tool = need("dpkg-deb", "dpkg", "Debian's packages are unpacked with it")
    with subprocess.Popen(
        [tool, "--fsys-tarfile", str(deb)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
    ) as child:
        try:
            with tarfile.open(fileobj=child.stdout, mode="r|") as archive:
                for member in archive:
                    _extract(archive, member, directory)
        except (tarfile.TarError, EOFError) as error:
            child.kill()
            raise _damaged(deb) from error
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        raise _damaged(deb)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or _USELESS.match(str(path)):
        return
    target = directory / path
    # A link as a directory on the way could lead out of here.
    if not target.parent.resolve().is_relative_to(directory.resolve()):
        return
    if member.isreg():
        content = archive.extractfile(member)
        if content is None:
            raise tarfile.TarError(f"no content of {member.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)
    elif member.issym():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(member.linkname)
    elif member.islnk():
        target.parent.mkdir(parents=True, exist_ok=True)
        source = directory / PurePosixPath(member.linkname)
        if source.is_file() and source.resolve().is_relative_to(directory.resolve()):
            shutil.copy(source, target)


def _damaged(deb: Path) -> UserError:
    return UserError(
        f"the package `{deb.name}` cannot be unpacked",
        str(deb.parent),
        "see that the disk has room, and try again",
    )

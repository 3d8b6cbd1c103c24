"""The directory of an app's builds: all that is in it was written by what was pushed.

We are root, and whatever is in there may be a trap, such as a symbolic link to a key of the host.
So everything in it is made, read and removed by programs that run as the builder, and see no more
of the host than builds do; what we take out of it are bytes, of which only plain files and
directories are made.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from fata.called import called
from fata.host.push.limits import MIB, Limits
from fata.host.push.sandbox import Sandbox, check, sandbox
from functoria.error import UserError

WORK, AGAIN, CACHE, HOME = "work", "again", "cache", "home"
"""Of a build: the checkout, a second one, what lasts from build to build, and a home."""

_BLOCK = 1 << 20


def open_room(directory: Path, app: str, user: str | None, limits: Limits) -> Sandbox:
    """`open_room(directory, app, user, limits)` is a sandbox in an emptied room.

    `directory` is ROOT/build. The room's cache is kept. Raises `UserError`.
    """
    place = directory / app
    box = sandbox(app, place, user, limits)
    box.end()
    if box.user is None:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not place.is_dir():
        command = ("install", "-d", "-m", "0700", "-o", box.user, "-g", box.user, "--", str(place))
        done = called(command)
        if done.code != 0:
            raise _failed(box, command, done.err)
    check(box)
    as_builder(box, "rm", "-rf", "--", *(str(place / name) for name in (WORK, AGAIN, HOME)))
    as_builder(box, "mkdir", "-p", "--", *(str(place / name) for name in (WORK, CACHE, HOME)))
    return box


def as_builder(box: Sandbox, *command: str) -> None:
    """`as_builder(box, *command)` runs a program of the host as the builder."""
    done = called(box.inside(command), limit=box.limits.seconds)
    if done.code != 0:
        raise _failed(box, command, done.err)


def put(box: Sandbox, archive: IO[bytes], directory: Path) -> None:
    """`put(box, archive, directory)` unpacks a tar archive there. Raises `UserError`."""
    as_builder(box, "mkdir", "-p", "--", str(directory))
    command = ("tar", "-x", "--no-same-owner", "-C", str(directory))
    left = box.limits.disk * MIB
    with subprocess.Popen(
        box.inside(command), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        if child.stdin is None or child.stderr is None:
            raise ValueError("a pipe that was asked for")
        while left > 0 and (data := archive.read(_BLOCK)):
            left -= len(data)
            child.stdin.write(data)
        child.stdin.close()
        said = child.stderr.read(_BLOCK)
    if left <= 0:
        raise UserError(
            f"the commit is larger than {box.limits.disk} MiB",
            box.name,
            "take what is large out of the repository",
        )
    if child.returncode != 0:
        raise _failed(box, command, said)


def take(box: Sandbox, directory: Path, names: Sequence[str], out: Path) -> None:
    """`take(box, directory, names, out)` copies files and directories out, to `out`.

    Raises `UserError` for anything in them that is neither, and for too much of it.
    """
    command = ("tar", "-c", "-C", str(directory), "--", *names)
    left = box.limits.disk * MIB
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(box.inside(command), stdout=subprocess.PIPE, stderr=said) as child,
    ):
        try:
            with tarfile.open(fileobj=child.stdout, mode="r|") as archive:
                for member in archive:
                    left -= member.size
                    if left < 0:
                        raise UserError(
                            f"what was built is larger than {box.limits.disk} MiB",
                            box.name,
                            "make it smaller",
                        )
                    _take(archive, member, out)
            while child.stdout is not None and child.stdout.read(_BLOCK):
                pass  # what fills the archive's last record
        except tarfile.TarError:
            child.kill()
        except BaseException:
            child.kill()
            raise
        if child.wait() != 0:
            said.seek(0)
            raise _failed(box, command, said.read(_BLOCK))


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, out: Path) -> None:
    path = Path(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isdir() or member.isreg()):
        raise UserError(
            "what was built has something in it that is neither a file nor a directory",
            member.name[:200],
            "leave only what `fata build` writes in `dist`",
        )
    place = out / path
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    content = archive.extractfile(member)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as file:
        while content is not None and (data := content.read(_BLOCK)):
            file.write(data)


def _failed(box: Sandbox, command: Sequence[str], said: bytes) -> UserError:
    lines = said.decode(errors="replace").strip().splitlines()
    return UserError(
        f"`{command[0]}` failed: {lines[-1][:300] if lines else 'without a word'}",
        str(box.directory),
        "see that there is room on the host, then push again",
    )

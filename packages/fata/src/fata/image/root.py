"""The root file system around the closure: what the kernel and the C library expect to find."""

from __future__ import annotations

from pathlib import Path

from fata.image.cpio import Entry, Kind
from fata.needs import Directory
from functoria import UserError

INIT = "app/init"
MODULES = "app/kernel-modules"

DROPPED = "app/dropped"


def skeleton() -> tuple[Entry, ...]:
    """`skeleton()` is the directories to mount on, the first console, and where names resolve."""
    directories = ("dev", "proc", "run", "sys", "tmp")
    return (
        *(Entry(name, Kind.DIRECTORY, mode=0o755) for name in directories),
        # The kernel opens it for PID 1's first output, before anything can be mounted on /dev.
        Entry("dev/console", Kind.CHARACTER_DEVICE, mode=0o600, device=(5, 1)),
        Entry("etc/hosts", content=b"127.0.0.1 localhost\n::1 localhost\n"),
        Entry("etc/nsswitch.conf", content=b"hosts: files dns\n"),
        Entry("etc/resolv.conf", Kind.LINK, b"../run/resolv.conf", mode=0o777),
    )


def directory_entries(need: Directory, project: Path) -> tuple[Entry, ...]:
    """`directory_entries(need, project)` is the files of a directory, where the need wants them.

    Raises `UserError` at the device's line if it is missing, or a link leads out of it.
    """
    source = project / need.source
    if not source.is_dir():
        raise UserError(
            f"the directory `{need.source}` does not exist in the project",
            need.position,
            f"make `{need.source}`, or name the directory that is meant",
        )
    entries = [Entry(need.at, Kind.DIRECTORY, mode=0o755)]
    for path in sorted(source.rglob("*")):
        name = f"{need.at}/{path.relative_to(source).as_posix()}"
        if not path.resolve().is_relative_to(source.resolve()):
            raise UserError(
                f"`{path.relative_to(project)}` is a link that leads out of `{need.source}`",
                need.position,
                "put a copy of the file there",
            )
        if path.is_dir():
            entries.append(Entry(name, Kind.DIRECTORY, mode=0o755))
        elif path.is_file():
            entries.append(Entry(name, content=_read(path, need)))
    return tuple(entries)


def _read(path: Path, need: Directory) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"`{path}` cannot be read: {error.strerror}",
            need.position,
            "give yourself the right to read it, or take it away",
        ) from None

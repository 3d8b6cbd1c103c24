"""Run a command that sees of the file system what it may: a program of its own, as root there.

It is given what to do as JSON, and is in a mount namespace already (`unshare --mount`), whose
mounts it may change. Everything becomes read-only; what is hidden is covered by empty directories;
what is to be seen nevertheless was taken hold of before, and is put back. A command that makes a
namespace of its own cannot undo that: mounts that come from one with more rights are locked
together (mount_namespaces(7)).

Nothing of fata is imported: a build waits for this before each of its commands.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
"""System calls that have the same number on all machines; the last came with Linux 5.12."""
_HERE = -100
_CLONE, _EMPTY_PATH, _RECURSIVE = 0x1, 0x1000, 0x8000
_FROM_DESCRIPTOR = 0x4
_READ_ONLY, _NOSUID, _NODEV = 0x1, 0x2, 0x4
_NOEXEC = 0x8
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_EMPTY = "mode=0755,size=1m"


class Mounts:
    """`Mounts()` is mount(2) and its younger relatives. All methods raise `OSError`."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def mount(self, kind: str, place: str, options: str, flags: int = _NOSUID | _NODEV) -> None:
        """Mount a new file system of that kind."""
        words = (kind.encode(), os.fsencode(place), kind.encode())
        done = int(self._libc.mount(*words, ctypes.c_ulong(flags), options.encode()))
        self._check(done, place)

    def hold(self, path: str) -> int:
        """A descriptor of what is at the path, with all that is mounted beneath."""
        flags = _CLONE | _RECURSIVE | os.O_CLOEXEC
        return self._call(path, _OPEN_TREE, _HERE, os.fsencode(path), flags)

    def put(self, held: int, place: str) -> None:
        """Mount what is held there."""
        words = (held, b"", _HERE, os.fsencode(place), _FROM_DESCRIPTOR)
        self._call(place, _MOVE_MOUNT, *words)

    def change(self, path: str, add: int, remove: int = 0, recursive: bool = False) -> None:
        """Change the attributes of what is mounted there."""
        flags = _RECURSIVE if recursive else 0
        self._attributes(path, (_HERE, os.fsencode(path), flags), add, remove)

    def restrict(self, held: int, add: int) -> None:
        """Add attributes to all that is held."""
        self._attributes("", (held, b"", _EMPTY_PATH | _RECURSIVE), add, 0)

    def _attributes(self, about: str, where: tuple[object, ...], add: int, remove: int) -> None:
        attributes = struct.pack("=4Q", add, remove, 0, 0)
        self._call(about, _MOUNT_SETATTR, *where, attributes, len(attributes))

    def _call(self, about: str, *words: object) -> int:
        wide = (ctypes.c_long(word) if isinstance(word, int) else word for word in words)
        done = int(self._libc.syscall(*wide))
        self._check(done, about)
        return done

    def _check(self, done: int, about: str) -> None:
        if done < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), about)


def enclose(
    writable: str,
    readable: Sequence[str],
    hidden: Sequence[str],
    temporary: Sequence[str],
    mib: int,
) -> None:
    """From now on we can write to `writable` only, and to `temporary`, which is empty.

    Each of `temporary` takes `mib` MiB at most. `hidden` is empty, but for what of `writable` and
    `readable` is in there. All of them are absolute paths without symbolic links; what is not
    there is left out. Raises `OSError`.
    """
    mounts = Mounts()
    back = {writable: mounts.hold(writable)}
    mounts.restrict(back[writable], _NOSUID | _NODEV)
    mounts.change("/", _READ_ONLY, recursive=True)
    mounts.change("/proc", 0, _READ_ONLY)
    for path in sorted({*readable} - {writable}):
        if Path(path).exists():
            back[path] = mounts.hold(path)
    folders = frozenset(path for path in back if Path(path).is_dir())
    _devices(mounts)
    covers = dict.fromkeys(hidden, _EMPTY)
    covers |= dict.fromkeys(temporary, f"mode=1777,size={mib}m")
    mounted = []
    for path, options in sorted(covers.items()):
        if path in temporary:
            Path(path).mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():  # not in what is covered already
            mounts.mount("tmpfs", path, options)
            mounted.append(path)
    for path, held in sorted(back.items()):
        _make_place(path, path in folders)
        mounts.put(held, path)
        os.close(held)
    for path in ("/dev", *(path for path in mounted if path not in temporary)):
        mounts.change(path, _READ_ONLY)


def _devices(mounts: Mounts) -> None:
    """A /dev of our own, in which there is nothing of this machine, nor of its other terminals."""
    held = {name: mounts.hold(f"/dev/{name}") for name in _DEVICES}
    mounts.mount("tmpfs", "/dev", _EMPTY, _NOSUID | _NOEXEC)
    for name, device in held.items():
        _make_place(f"/dev/{name}", False)
        mounts.put(device, f"/dev/{name}")
        os.close(device)
    for name, place in _LINKS.items():
        Path("/dev", name).symlink_to(place)
    Path("/dev/pts").mkdir()
    mounts.mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620", _NOSUID | _NOEXEC)


def _wake_loopback() -> None:
    """A new network namespace has it asleep (network_namespaces(7), netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH22x", b"lo", _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _make_place(path: str, folder: bool) -> None:
    """Something to mount on, where there is nothing yet."""
    place = Path(path)
    if not place.exists():
        (place if folder else place.parent).mkdir(mode=0o755, parents=True, exist_ok=True)
        if not folder:
            place.touch(0o644)


def main(arguments: Sequence[str]) -> int:
    """Enclose ourselves as the first argument says, and become the command that the others are."""
    view = json.loads(arguments[0])
    work, alone = view.pop("work"), view.pop("alone")
    os.umask(0o022)
    try:
        enclose(**view)
        if alone:
            _wake_loopback()
        os.chdir(work)
        os.execvp(arguments[1], list(arguments[1:]))  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{error.filename or arguments[1]}: {error.strerror}\n")
    return 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

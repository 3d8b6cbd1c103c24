"""What commands of a build see of the host's file system."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uv

from fata.host.push.interpreter import paths, python

_PRIVATE = ("/home", "/media", "/mnt", "/root", "/run", "/srv", "/var/mail", "/var/spool")
"""What belongs to users and to services, with the sockets by which these are spoken to."""
_TEMPORARY = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108 - not ours: they are replaced
_RESOLVER = "/etc/resolv.conf"


@dataclass(frozen=True, slots=True)
class View:
    """`View(writable, readable, hidden, temporary)` is what is there, as absolute real paths.

    `hidden` is empty but for what of `writable` and `readable` is in there. `temporary` is empty,
    too, and goes with the command. All else can be read, as far as its rights allow, and nothing
    but `writable` and `temporary` written.
    """

    writable: str
    readable: tuple[str, ...]
    hidden: tuple[str, ...]
    temporary: tuple[str, ...]


def view_of(root: Path, directory: Path) -> View:
    """`view_of(root, directory)` is the view of builds in that directory of fata's `root`.

    There are fata itself, the Python that runs it and uv; none of the host's keys, secrets,
    records, images and other apps, and no one's home.
    """
    writable = os.path.realpath(directory)
    temporary = {os.path.realpath(path) for path in _TEMPORARY}
    candidates = {os.path.realpath(path) for path in (*_PRIVATE, *_homes(), str(root))}
    hidden = {path for path in candidates - temporary - {"/"} if Path(path).is_dir()}
    covered = hidden | temporary
    readable = {path for path in _needed(root) if _beneath(path, covered)}
    # What would show something that is to be hidden stays away, whatever it is needed for.
    shown = {path for path in readable if not any(_beneath(each, {path}) for each in covered)}
    return View(writable, *map(tuple, map(sorted, (shown - {writable}, hidden, temporary))))


def _homes() -> list[str]:
    found = [os.environ.get("HOME", "")]
    with suppress(KeyError):  # a user whom only a number is known of
        found.append(pwd.getpwuid(os.geteuid()).pw_dir)
    return [path for path in found if path.startswith("/")]


def _needed(root: Path) -> set[str]:
    found = (str(root / "tool"), *paths(), python(), sys.base_prefix, uv.find_uv_bin(), _RESOLVER)
    return {*map(os.path.abspath, found), *map(os.path.realpath, found)}


def _beneath(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)

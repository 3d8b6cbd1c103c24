"""Debian's Xen packages, fetched through the host's apt into the user's cache and unpacked there.

Nothing is installed. What is unpacked lies under the hashes of what it was unpacked from.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

XEN = ("xen-utils-common", "xen-doc")
"""xl's manual and examples; xl itself is in a package that is named after its version."""

LIBVIRT = ("libvirt0", "libxml2-utils")
"""The schema of libvirt's XML, and a program that holds XML to it."""

LIBRARIES = re.compile(r"libxen|libyajl|libfdt|libnl-|libxml2|libicu")


class NoPackagesError(Exception):
    """Xen's packages cannot be had here."""


def _store() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "xlcfg-tests"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _run(*command: str, cwd: Path | None = None) -> str:
    if shutil.which(command[0]) is None:
        raise NoPackagesError(
            f"{command[0]} is not installed: these tests need Debian's apt and dpkg"
        )
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPackagesError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def _fields(names: list[str]) -> list[dict[str, str]]:
    """What apt's index says of packages, in one call: it takes a second to read its index."""
    text = _run("apt-cache", "show", "--no-all-versions", *names)
    found = []
    for paragraph in text.strip().split("\n\n"):
        rows = (line.partition(": ") for line in paragraph.splitlines() if line[:1] != " ")
        found.append({key: value for key, colon, value in rows if colon})
    return found


@cache
def _wanted(roots: tuple[str, ...]) -> list[list[str]]:
    """Name, version and hash of each package; kept for as long as apt's lists are the same."""
    lists = Path("/var/lib/apt/lists")
    state = sorted((path.name, path.stat().st_mtime_ns) for path in lists.glob("*"))
    key = hashlib.sha256(repr((roots, state)).encode()).hexdigest()
    held = _store() / f"wanted-{key}.json"
    if not held.exists():
        with tempfile.NamedTemporaryFile("w", dir=_store(), delete=False) as file:
            json.dump(_search({*roots, *([_newest_xl()] if roots == XEN else [])}), file)
        Path(file.name).rename(held)
    found: list[list[str]] = json.loads(held.read_text())
    return found


def _newest_xl() -> str:
    names = _run("apt-cache", "pkgnames", "xen-utils-").split()
    versions = [name for name in names if re.fullmatch(r"xen-utils-[0-9.]+", name)]
    if not versions:
        what = "apt knows no xen-utils: these tests need Debian's archive, `apt update`"
        raise NoPackagesError(what)
    return max(versions)


def _search(left: set[str]) -> list[list[str]]:
    """The packages and the libraries that they need."""
    found = {}
    while left:
        depends = set()
        for fields in _fields(sorted(left)):
            found[fields["Package"]] = [fields[key] for key in ("Package", "Version", "SHA256")]
            depends.update(re.findall(r"(?:^|, )([a-z0-9.+-]+)", fields.get("Depends", "")))
        left = {name for name in depends if LIBRARIES.match(name)} - found.keys()
    return [found[name] for name in sorted(found)]


@cache
def tree(roots: tuple[str, ...] = XEN) -> Path:
    """The directory that holds the files of the packages."""
    wanted = _wanted(roots)
    key = hashlib.sha256("\n".join(digest for _, _, digest in wanted).encode()).hexdigest()
    store = _store()
    target = store / "tree" / key
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=store) as work:
                (Path(work) / "tree").mkdir()
                for deb in _packages(wanted):
                    _run("dpkg-deb", "-x", str(deb), str(Path(work) / "tree"))
                (Path(work) / "tree").rename(target)
    return target


def _packages(wanted: list[list[str]]) -> list[Path]:
    """The packages as files, those that are missing fetched in one go."""
    held = _store() / "deb"
    held.mkdir(exist_ok=True)
    missing = [(name, version) for name, version, digest in wanted if not (held / digest).exists()]
    with tempfile.TemporaryDirectory(dir=held) as work:
        if missing:
            names = [f"{name}={version}" for name, version in missing]
            options = ("-q", "-o", "APT::Sandbox::User=root")
            _run("apt-get", *options, "download", *names, cwd=Path(work))
        for deb in Path(work).glob("*.deb"):
            deb.rename(held / hashlib.sha256(deb.read_bytes()).hexdigest())
    found = [held / digest for _, _, digest in wanted]
    for deb in found:
        if not deb.exists():
            raise NoPackagesError(
                "a package is not what apt's index says: `apt update` and try again"
            )
    return found


@cache
def shim() -> Path:
    """The shim, compiled; see `shim.c`."""
    source = Path(__file__).with_name("shim.c")
    target = _store() / "shim" / f"{hashlib.sha256(source.read_bytes()).hexdigest()}.so"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as work:
            made = Path(work) / "shim.so"
            flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Wno-unused-parameter")
            _run("gcc", *flags, "-o", str(made), str(source), "-ldl")
            made.rename(target)
    return target


def manual(page: str) -> str:
    """The source of a manual page, such as `xl.cfg.5`, in the language of groff_man(7)."""
    section = page.rpartition(".")[2]
    path = tree() / "usr/share/man" / f"man{section}" / f"{page}.gz"
    return gzip.decompress(path.read_bytes()).decode()


def examples() -> list[Path]:
    """The configurations that the packages ship."""
    return sorted((tree() / "etc/xen").glob("xlexample.*"))


def libraries() -> Path:
    """The directory of Xen's libraries."""
    (found,) = (tree() / "usr/lib").glob("*/libxlutil.so.*.0")
    return found.parent


def program() -> Path:
    """The program `xl` itself."""
    (found,) = (tree() / "usr/lib").glob("xen-*/bin/xl")
    return found

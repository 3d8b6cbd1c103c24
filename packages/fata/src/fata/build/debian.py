"""Which packages of the machine that builds brought the binaries of an image: dpkg-query(1)."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of, key_of_file

_STATUS = Path("/var/lib/dpkg/status")
_OWNED = re.compile(r"(?P<package>[a-z0-9][a-z0-9+.:-]*): (?P<path>/.*)")
_FORMAT = "${binary:Package}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n"


@dataclass(frozen=True, slots=True)
class Package:
    """`Package(name, version, architecture, source)` is an installed package."""

    name: str
    version: str
    architecture: str
    source: str

    @property
    def purl(self) -> str:
        """The package as package-url has it."""
        version = self.version.replace("+", "%2B").replace(":", "%3A")
        name = self.name.replace("+", "%2B")
        return f"pkg:deb/{distribution()}/{name}@{version}?arch={self.architecture}"


def distribution() -> str:
    """`distribution()` is the name of this machine's distribution, such as `debian`."""
    try:
        return platform.freedesktop_os_release().get("ID", "debian")
    except OSError:
        return "debian"


def owners(files: Iterable[Path]) -> dict[Path, Package]:
    """`owners(files)` is the packages that the files are of, of those that are of any.

    It is empty where packages are not dpkg's. It is kept until a file or what is installed changes.
    """
    wanted = sorted({file for file in files if file.is_file()})
    if not wanted or not _STATUS.is_file() or shutil.which("dpkg-query") is None:
        return {}
    cache = Cache(cache_directory() / "debian")
    key = key_of("1", key_of_file("1", _STATUS), *(key_of_file("1", file) for file in wanted))
    known = cache.get(key)
    if known is None:
        found = {str(file): asdict(package) for file, package in _asked(wanted).items()}
        known = json.dumps(found, sort_keys=True).encode()
        cache.put(key, known)
    return {Path(file): Package(**package) for file, package in json.loads(known).items()}


def _asked(files: list[Path]) -> dict[Path, Package]:
    names = {name: file for file in files for name in _names(file)}
    lines = _said(["dpkg-query", "--search", "--", *sorted(names)])
    matches = [match for line in lines if (match := _OWNED.fullmatch(line))]
    owned = {names[m["path"]]: m["package"] for m in matches if m["path"] in names}
    if not owned:
        return {}
    shown = _said(["dpkg-query", "--show", f"--showformat={_FORMAT}", *sorted({*owned.values()})])
    packages: dict[str, Package] = {}
    for line in shown:
        binary, *fields = line.split("\t")
        packages[binary] = packages[binary.partition(":")[0]] = Package(*fields)
    return {file: packages[name] for file, name in owned.items() if name in packages}


def _names(file: Path) -> Iterator[str]:
    """What dpkg may know the file by: `/lib` and `/usr/lib` are one directory."""
    for path in dict.fromkeys((os.path.normpath(file), os.path.realpath(file))):
        yield path
        yield path.removeprefix("/usr") if path.startswith("/usr/") else f"/usr{path}"


def _said(command: list[str]) -> list[str]:
    """The lines of its output; that it did not find some of them is no failure."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    return done.stdout.decode(errors="replace").splitlines()

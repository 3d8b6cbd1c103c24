"""Packages through the host's own apt: what it would install, fetched and checked by it.

Nothing is installed and no root is needed. `apt-get download` verifies a package against the
signed index, as for an installation (apt-get(8), apt-cache(8), dpkg-deb(1)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fata.kernel.tool import need, run
from functoria.error import UserError

REFRESH = "check the network and /etc/apt/sources.list, run `apt update`, and try again"
"""What to do where apt cannot provide what it is asked for."""


@dataclass(frozen=True, slots=True)
class Package:
    """`Package(name, version, depends)` is the version of a package that apt would install."""

    name: str
    version: str
    depends: tuple[str, ...] = ()


def candidate(name: str) -> Package:
    """The candidate of a package; raises `UserError` where apt knows none."""
    output = run(
        [_apt("apt-cache"), "show", "--no-all-versions", name],
        None,
        f"{REFRESH}; package `{name}` is in Debian's main archive",
    )
    rows = (line.partition(":") for line in output.splitlines() if not line.startswith(" "))
    fields = {key: value.strip() for key, colon, value in rows if colon}
    if fields.get("Package") != name or not fields.get("Version"):
        raise UserError(f"apt knows no package `{name}`", None, REFRESH)
    depends = re.split(r"[,|]", fields.get("Depends", ""))
    names = tuple(word.split(" ")[0].split(":")[0] for part in depends if (word := part.strip()))
    return Package(name, fields["Version"], names)


def newest(pattern: str) -> str | None:
    """The package name with the highest version in its name among those that match.

    `pattern` is a regular expression whose group 1 is that version, as in `linux-source-6.12`.
    """
    output = run([_apt("apt-cache"), "pkgnames", pattern.partition("(")[0]], None, REFRESH)
    matches = (re.fullmatch(pattern, name) for name in output.split())
    found = [
        (tuple(int(part) for part in match[1].split(".")), match[0]) for match in matches if match
    ]
    return max(found)[1] if found else None


def fetch(package: Package, directory: Path) -> Path:
    """The .deb file of a package, downloaded into an empty directory and verified by apt."""
    run([_apt("apt-get"), "download", f"{package.name}={package.version}"], directory, REFRESH)
    found = sorted(directory.glob("*.deb"))
    if len(found) != 1:
        raise UserError(f"apt brought no file for `{package.name}`", str(directory), REFRESH)
    return found[0]


def unpack(deb: Path, directory: Path) -> None:
    """Extract the files of a .deb below `directory`."""
    tool = need("dpkg-deb", "dpkg", "Debian's packages are unpacked with it")
    run([tool, "-x", str(deb), str(directory)], None, "free some disk space and try again")


def installed(name: str) -> str | None:
    """The installed version of a package, or None."""
    tool = need("dpkg-query", "dpkg", "it tells the version of an installed package")
    try:
        state = run([tool, "-W", "-f=${db:Status-Abbrev} ${Version}", name], None, "install it")
    except UserError:
        return None
    status, _, version = state.partition(" ")
    return version.strip() or None if status.startswith("ii") else None


def _apt(program: str) -> str:
    return need(program, "apt", "Debian's kernel packages come through it")

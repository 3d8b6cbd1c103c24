"""The Xen host that labs start from, made of Debian's packages once and kept by its content.

An entry holds Xen, the kernel and the file tree of the control domain, and `entry.json`, which
has the sha256 of each. It is made under another name, written through and renamed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fata.cache import cache_directory, key_of
from fata.kernel import store
from fata.kernel.modules import ModuleTree
from fata.lab import packages, root, tools
from fata.lab.kernel import unpacked
from fata.lab.place import disk_errors, labs, no_room
from fata.lab.unpack import unpack
from functoria.error import UserError

FORMAT = "2"
ENTRY = "entry.json"
NAMES = ("dom0.cpio", "vmlinux", "xen")
ROOM_BYTES = 900_000_000
"""What making a host takes for a while."""


@dataclass(frozen=True, slots=True)
class Host:
    """`Host(directory, versions)` is a Xen host to start labs from.

    `versions` are those of the packages that decide: of Xen and of the kernel.
    """

    directory: Path
    versions: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in the cache."""
        return self.directory.name


def hosts() -> Path:
    """`hosts()` is the directory of all of them."""
    return cache_directory() / "xen-hosts"


def load(name: str) -> Host | None:
    """`load(name)` is the host of that name if it is whole, and `None` otherwise.

    A host that another fata made, which puts other files into it, is none either.
    """
    directory = hosts() / name
    try:
        document = json.loads((directory / ENTRY).read_bytes())
        if document["recipe"] != _recipe():
            return None
        for file in NAMES:
            if store.digest(directory / file) != document["files"][file]:
                return None
        return Host(directory, tuple(str(version) for version in document["versions"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def newest() -> Host | None:
    """`newest()` is the whole host that was made last, or `None`."""
    made = [path for path in hosts().glob(f"*/{ENTRY}") if not path.parent.name.startswith(".")]
    made.sort(key=lambda path: (path.stat().st_mtime_ns, path.parent.name), reverse=True)
    found = (load(path.parent.name) for path in made)
    return next((host for host in found if host is not None), None)


def provide(report: Callable[[str], None]) -> Host:
    """`provide(report)` is the host of the packages that apt offers now, made if need be.

    Where apt has no answer, one that was made before will do. Raises `UserError` otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="fata-apt-") as scratch:
        try:
            plan = packages.plan(Path(scratch))
        except UserError as error:
            found = newest()
            if found is None:
                raise
            report(f"{error.what}: using the Xen host that was made before")
            return found
    wanted = (f"{choice.name}={choice.version}" for choice in plan.choices)
    name = key_of(_recipe(), *wanted)[:16]
    with disk_errors(hosts()), store.making(hosts(), name, report) as scratch_directory:
        found = load(name)
        if found is not None:
            return found
        return _make(plan, name, scratch_directory, report)


def _make(plan: packages.Plan, name: str, scratch: Path, report: Callable[[str], None]) -> Host:
    if shutil.disk_usage(scratch).free < ROOM_BYTES:
        raise no_room(hosts())
    report(
        f"making a Xen {plan.xen} host of Debian's packages, which is done once: "
        "half a minute, and the download"
    )
    debs, debian, linux = (scratch / part for part in ("debs", "debian", "linux"))
    for directory in (debs, debian, linux):
        directory.mkdir()
    packages.fetch(plan, debs, report)
    report("unpacking them")
    for deb in sorted(debs.glob("*.deb")):
        unpack(deb, linux if deb.name.startswith("linux-") else debian)
    staged = scratch / "entry"
    staged.mkdir()
    report("collecting what the host needs of them")
    _collect(plan, debian, linux, staged)
    return _publish(plan, name, staged)


def _collect(plan: packages.Plan, debian: Path, linux: Path, staged: Path) -> None:
    from fata.image.cpio import archive

    image = _one(linux, "boot/vmlinuz-*")
    version = image.name.removeprefix("vmlinuz-")
    tree = ModuleTree(_one(linux, f"lib/modules/{version}", f"usr/lib/modules/{version}"))
    found = root.Packages(debian)
    tools.compile_library(found)
    entries = root.entries(found, tree, plan.xen)
    hypervisor = _one(debian, f"boot/xen-{plan.xen}-amd64.gz", f"boot/xen-{plan.xen}*-amd64.gz")
    _write(staged / "dom0.cpio", archive(entries))
    _write(staged / "vmlinux", unpacked(image.read_bytes()))
    _write(staged / "xen", gzip.decompress(hypervisor.read_bytes()))


def _publish(plan: packages.Plan, name: str, staged: Path) -> Host:
    deciding = [c for c in plan.choices if c.is_kernel or c.name.startswith("xen-hypervisor")]
    versions = tuple(f"{choice.name} {choice.version}" for choice in deciding)
    document = {
        "recipe": _recipe(),
        "versions": versions,
        "packages": {choice.name: choice.version for choice in plan.choices},
        "files": {file: store.digest(staged / file) for file in NAMES},
    }
    _write(staged / ENTRY, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode())
    final = hosts() / name
    if final.exists():
        store.discard(final)
    staged.rename(final)
    _sweep(name)
    return Host(final, versions)


def _sweep(name: str) -> None:
    """Remove the hosts before this one, except those that a saved state belongs to."""
    used = {name}
    for facts in labs().glob("*/state.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            used.add(json.loads(facts.read_bytes())["host"])
    for entry in sorted(hosts().glob(f"*/{ENTRY}")):
        if entry.parent.name not in used and not entry.parent.name.startswith("."):
            store.discard(entry.parent)


def _recipe() -> str:
    """What the host is made by, besides packages: it changes with the files that we put in."""
    own = files("fata.lab").joinpath("dom0")
    parts = [file.read_bytes() for file in sorted(own.iterdir(), key=lambda file: file.name)]
    parts.append(tools.script().encode())
    names = (*root.MODULES, *root.PROGRAMS, *root.XEN_PROGRAMS, *root.TREES, *root.LOADED)
    code = "\n".join(names)
    return hashlib.sha256(b"\0".join((FORMAT.encode(), code.encode(), *parts))).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _one(tree: Path, *patterns: str) -> Path:
    found = [path for pattern in patterns for path in sorted(tree.glob(pattern))]
    if not found:
        raise UserError(
            f"Debian's packages have no `/{patterns[0]}`",
            None,
            "run `apt update` and try again; if it stays, fata does not know this release",
        )
    return found[0]

"""What an image is made of: its bill of materials, from what the build has found."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from fata.build.debian import Package, distribution, owners
from fata.build.distributions import Distribution, distributions, locked_hashes
from fata.build.prepare import Prepared
from fata.cache import Cache, cache_directory, key_of
from fata.closure.entry import Entry, EntryKind
from fata.closure.roots import APP
from fata.image.manifest import KernelRecord, Manifest
from fata.image.sbom import Part, sbom
from fata.versions import VERSION

_FORMAT = "1"  # raise when the bill of the same image becomes another
_BINARY = (EntryKind.INTERPRETER, EntryKind.EXTENSION, EntryKind.LIBRARY)
_OURS = "libos"


def bill(prepared: Prepared, made: Manifest) -> bytes:
    """`bill(prepared, manifest)` is the bill of materials of the image of the manifest.

    It is kept in the user's cache for as long as nothing that it says has changed.
    """
    image = made.image
    if image is None:
        raise TypeError("a process has no image")
    packages = owners(_files(prepared))
    parts = _parts(prepared, made, image.kernel, packages)
    program, tool = _program(made), Part("application", "fata", VERSION)
    cache = Cache(cache_directory() / "bills")
    described = json.dumps([asdict(part) for part in (program, *parts, tool)])
    key = key_of(_FORMAT, image.digest, described)
    content = cache.get(key)
    if content is None:
        content = sbom(program, parts, image.digest, tool)
        cache.put(key, content)
    return content


def _files(prepared: Prepared) -> Iterator[Path]:
    """The files of this machine that a package of the distribution may have brought."""
    environment = prepared.environment
    yield prepared.interpreter.stdlib / "os.py"
    for entry in prepared.closure.entries:
        file = entry.file
        if file is None or entry.kind not in _BINARY:
            continue
        if environment is None or not file.is_relative_to(environment):
            yield file


def _program(made: Manifest) -> Part:
    source = made.source
    commit = () if source is None else (("commit", source.commit),)
    modified = (("modified", "true"),) if source is not None and source.modified else ()
    words = () if made.image is None else (("command-line", made.image.command_line),)
    version = None if made.image is None else made.image.digest
    properties = (("target", made.target), *words, *commit, *modified)
    return Part("application", made.name, version, properties=properties)


def _parts(
    prepared: Prepared, made: Manifest, kernel: KernelRecord, packages: dict[Path, Package]
) -> tuple[Part, ...]:
    installed = distributions(prepared.environment)
    digests = {record.path: record.sha256 for record in made.files}
    binaries = [entry for entry in prepared.closure.entries if entry.kind in _BINARY]
    present = _present(prepared, installed)
    return (
        _kernel(kernel),
        Part(
            "platform",
            "cpython",
            made.interpreter.version,
            f"pkg:generic/cpython@{made.interpreter.version}",
            expression="Python-2.0.1",
            properties=(("executable-sha256", made.interpreter.sha256),),
        ),
        Part(
            "library",
            _OURS,
            made.versions[_OURS],
            f"pkg:pypi/{_OURS}@{made.versions[_OURS]}",
            expression="ISC",
        ),
        *_debian(prepared, binaries, packages, digests),
        *_distributions(present, locked_hashes(prepared.lock.pins)),
        *_loose(prepared, binaries, packages, digests, installed),
    )


def _kernel(kernel: KernelRecord) -> Part:
    package, _, version = kernel.package.partition(" ")
    return Part(
        "operating-system",
        "linux",
        kernel.version,
        f"pkg:deb/{distribution()}/{package}@{version}",
        kernel.blob.sha256,
        expression="GPL-2.0-only WITH Linux-syscall-note",
        properties=(
            ("config-sha256", kernel.config_sha256),
            ("package", kernel.package),
            ("provider", kernel.provider),
        ),
    )


def _debian(
    prepared: Prepared,
    binaries: list[Entry],
    packages: dict[Path, Package],
    digests: dict[str, str],
) -> Iterator[Part]:
    """The distribution's packages, with the binaries in the image that are of each."""
    files: dict[Package, list[Part]] = defaultdict(list)
    stdlib = packages.get(prepared.interpreter.stdlib / "os.py")
    if stdlib is not None:
        files[stdlib] = []
    for entry in binaries:
        if entry.file is not None and entry.file in packages:
            files[packages[entry.file]].append(_file(entry, digests))
    for package in sorted(files, key=lambda one: one.name):
        yield Part(
            "library",
            package.name,
            package.version,
            package.purl,
            properties=(("source-package", package.source),),
            parts=tuple(files[package]),
        )


def _present(prepared: Prepared, installed: tuple[Distribution, ...]) -> list[Distribution]:
    """The distributions of which any file is in the image."""
    below = f"{APP}/"
    packed = {
        entry.path.removeprefix(below).removesuffix("c" if entry.path.endswith(".pyc") else "")
        for entry in prepared.closure.entries
        if entry.path.startswith(below)
    } | {_in_environment(prepared, entry) for entry in prepared.closure.entries}
    return [one for one in installed if not one.files.isdisjoint(packed)]


def _in_environment(prepared: Prepared, entry: Entry) -> str:
    """The file's path in the environment; nothing where it is from elsewhere."""
    environment, file = prepared.environment, entry.file
    if environment is None or file is None or not file.is_relative_to(environment):
        return ""
    return file.relative_to(environment).as_posix()


def _distributions(
    present: list[Distribution], archives: dict[str, tuple[str, ...]]
) -> Iterator[Part]:
    for one in present:
        yield Part(
            "library",
            one.name,
            one.version,
            f"pkg:pypi/{one.name}@{one.version.replace('+', '%2B')}",
            expression=one.expression,
            licences=one.licences,
            archives=archives.get(one.name, ()),
        )


def _loose(
    prepared: Prepared,
    binaries: list[Entry],
    packages: dict[Path, Package],
    digests: dict[str, str],
    installed: tuple[Distribution, ...],
) -> Iterator[Part]:
    """The binaries that are of no package that is known."""
    known = frozenset[str]().union(*(one.files for one in installed))
    for entry in binaries:
        if entry.file not in packages and _in_environment(prepared, entry) not in known:
            yield _file(entry, digests)


def _file(entry: Entry, digests: dict[str, str]) -> Part:
    return Part("file", f"/{entry.path}", sha256=digests[entry.path])

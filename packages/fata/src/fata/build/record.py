"""What a manifest says of a build, whatever the target."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

from fata.build import given
from fata.build.prepare import Prepared
from fata.build.sources import project_files
from fata.devices.target import XEN
from fata.image import manifest
from fata.needs import Disk
from fata.sources import key_texts
from fata.targets.keys import MEMORY
from fata.versions import versions
from fata.xen.numbers import disk_name
from functoria import Key
from functoria.key import Stage
from libos.boot.converters import LIST


def manifest_of(
    prepared: Prepared,
    files: tuple[manifest.FileRecord, ...],
    image: manifest.Image | None = None,
) -> manifest.Manifest:
    """`manifest_of(prepared, files, image)` is the manifest of a build of the project."""
    project = prepared.project
    return manifest.Manifest(
        name=project.program.name,
        target=project.target,
        versions=versions(),
        source=_source(project.directory),
        keys=key_texts(project),
        arguments=tuple(argument_record(key) for key in project.keys if key.stage is Stage.BOOT),
        interpreter=_interpreter(prepared),
        requirements=prepared.lock.packages,
        image=image,
        memory=None if image is None else project.context.get(MEMORY),
        network=tuple(
            manifest.NetworkDevice(number, need.name)
            for number, need in enumerate(given.networks(project))
        ),
        disks=tuple(
            _disk(number, need, project.target) for number, need in enumerate(given.disks(project))
        ),
        files=files,
        missing=tuple(f"{miss.name} ({miss.place})" for miss in prepared.closure.missing),
        project=project_files(prepared),
    )


def _disk(number: int, need: Disk, target: str) -> manifest.DiskDevice:
    vdev = disk_name(number) if target == XEN else None
    return manifest.DiskDevice(
        number,
        need.name,
        need.size,
        need.read_only,
        need.sector_size,
        vdev,
        need.purpose,
        need.requires,
    )


def argument_record(key: Key[Any]) -> manifest.ArgumentRecord:
    """`argument_record(key)` is what a manifest says of a boot argument."""
    texts = None if key.default is None else key.show(key.default)
    return manifest.ArgumentRecord(
        name=key.option,
        converter=_converter(key),
        default=texts if key.repeated or texts is None else texts[0],
        doc=key.doc,
        where=str(key.position or ""),
        required=key.required,
        flag=key.flag,
        repeated=key.repeated,
        short=key.short,
        choices=key.converter.choices,
        group=key.group,
    )


def _converter(key: Key[Any]) -> str:
    """The name of the key's converter; for one of the program's own, where it is."""
    if key.converter.reference is None:
        return key.converter.name
    listed = LIST if key.converter.name.startswith(LIST) else ""
    return listed + key.converter.reference


def _interpreter(prepared: Prepared) -> manifest.Interpreter:
    executable = prepared.interpreter.executable
    version = ".".join(str(number) for number in prepared.interpreter.version)
    return manifest.Interpreter(version, hashlib.sha256(executable.read_bytes()).hexdigest())


def _source(directory: Path) -> manifest.Source | None:
    """The commit of the git checkout that the project lies in; `None` without one."""
    try:
        commit = _git(directory, "rev-parse", "HEAD")
        changes = _git(directory, "status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return None
    return manifest.Source(commit, bool(changes))


def _git(directory: Path, *arguments: str) -> str:
    command = ("git", "-C", str(directory), *arguments)
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return done.stdout.decode(errors="replace").strip()

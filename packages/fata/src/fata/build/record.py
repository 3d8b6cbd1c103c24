"""What a manifest says of a build, whatever the target."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

from fata.build.prepare import Prepared, collect_needs
from fata.image import manifest
from fata.needs import Network
from fata.project import Project
from fata.targets.keys import MEMORY
from fata.versions import versions
from functoria import Key
from functoria.key import Stage


def manifest_of(
    prepared: Prepared,
    files: tuple[manifest.FileRecord, ...],
    image: manifest.Image | None = None,
) -> manifest.Manifest:
    """`manifest_of(prepared, files, image)` is the manifest of a build of the project."""
    project = prepared.project
    interfaces = [need for need in collect_needs(project) if isinstance(need, Network)]
    return manifest.Manifest(
        name=project.program.name,
        target=project.target,
        versions=versions(),
        source=_source(project.directory),
        keys=_keys(project),
        arguments=tuple(argument_record(key) for key in project.keys if key.stage is Stage.BOOT),
        interpreter=_interpreter(prepared),
        requirements=prepared.lock.packages,
        image=image,
        memory=None if image is None else project.context.get(MEMORY),
        network=tuple(
            manifest.NetworkDevice(number, need.name) for number, need in enumerate(interfaces)
        ),
        files=files,
        missing=tuple(f"{miss.name} ({miss.place})" for miss in prepared.closure.missing),
    )


def _keys(project: Project) -> dict[str, str]:
    values = {
        key.option: key.shown(value)
        for key in project.keys
        if key.stage is Stage.CONFIGURE and (value := project.context.get(key)) is not None
    }
    return dict(sorted(values.items()))


def argument_record(key: Key[Any]) -> manifest.ArgumentRecord:
    """`argument_record(key)` is what a manifest says of a boot argument."""
    default = None if key.default is None else key.converter.show(key.default)
    return manifest.ArgumentRecord(key.option, key.converter.name, default, key.doc)


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

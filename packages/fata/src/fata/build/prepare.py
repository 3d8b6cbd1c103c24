"""What every target builds on: the requirements installed, and the closure of the program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import libos
from fata.build.references import check_references
from fata.closure import MAIN, Closure, Interpreter, closure, interpreter
from fata.image import manifest
from fata.needs import Exclude, Include, Need
from fata.project import Project
from fata.requirements import Requirement, environment, lock
from fata.targets.keys import PYTHON
from fata.versions import versions
from functoria import Key, UserError
from functoria.key import Stage

PROGRAM = MAIN
LOCK_FILE = "fata.lock"
TRACE_FILE = "fata.trace.json"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """`Prepared(...)` is a project with its interpreter, its packages and its closure."""

    project: Project
    interpreter: Interpreter
    environment: Path | None
    pins: tuple[str, ...]
    libos: Path
    closure: Closure


def prepare(project: Project, report: Report, *, start: tuple[str, ...]) -> Prepared:
    """`prepare(project, report, start=...)` is the project made ready to be built.

    `start` are modules that the target needs whatever the program is.

    Raises `UserError` if the project is not configured, a requirement cannot be had, or the
    program imports what cannot be found.
    """
    main = project.generated / "main.py"
    if not main.is_file():
        raise UserError(
            "the project is not configured",
            str(main),
            "run `fata configure` first, with `-t virtio` for a VM",
        )
    python = interpreter(Path(project.context.get(PYTHON) or sys.executable))
    needed = project.graph.collect(lambda device: device.packages)
    requirements = [Requirement(package.requirement, package.position) for package in needed]
    locked = lock(requirements, python, project.directory / LOCK_FILE, report)
    packages = environment(locked, python, report)
    library = Path(libos.__path__[0])
    needs = collect_needs(project)
    trace = project.directory / TRACE_FILE
    check_references(project)
    files = closure(
        main,
        project=project.directory,
        environment=packages,
        interpreter=python,
        libos=library,
        start=start,
        include=tuple(name for need in needs if isinstance(need, Include) for name in need.modules),
        exclude=tuple(name for need in needs if isinstance(need, Exclude) for name in need.modules),
        trace=trace if trace.is_file() else None,
        report=report,
    )
    return Prepared(project, python, packages, locked.packages, library, files)


def collect_needs(project: Project) -> tuple[Need, ...]:
    """`collect_needs(p)` is what the live devices need from the tool, in order."""
    found = project.graph.collect(lambda device: device.needs)
    return tuple(need for need in found if isinstance(need, Need))


def describe_keys(project: Project) -> dict[str, str]:
    """`describe_keys(p)` is the text of each configure key that has a value."""
    values = {
        key.option: key.converter.show(value)
        for key in project.keys
        if key.stage is Stage.CONFIGURE and (value := project.context.get(key)) is not None
    }
    return dict(sorted(values.items()))


def describe_arguments(project: Project) -> tuple[manifest.ArgumentRecord, ...]:
    """`describe_arguments(p)` is the boot arguments that the program takes."""

    def record(key: Key[object]) -> manifest.ArgumentRecord:
        default = None if key.default is None else key.converter.show(key.default)
        return manifest.ArgumentRecord(key.option, key.converter.name, default, key.doc)

    return tuple(record(key) for key in project.keys if key.stage is Stage.BOOT)


def source_of(directory: Path) -> manifest.Source | None:
    """`source_of(d)` is the commit of the git checkout that `d` lies in; `None` without one."""
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


def our_versions() -> dict[str, str]:
    """`our_versions()` is the versions that had a part in the build."""
    return versions()

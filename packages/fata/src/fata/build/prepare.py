"""What every target builds on: the requirements installed, and the closure of the program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import libos
from fata.build.references import check_references
from fata.closure import MAIN, Closure, Interpreter, closure, interpreter
from fata.configure import main_text
from fata.needs import Exclude, Include, Need
from fata.project import Project
from fata.requirements import Lock, Requirement, environment, resolved
from fata.targets.keys import PYTHON
from functoria import Device
from functoria.key import Stage
from libos.boot.converters import ELSEWHERE, LIST

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
    lock: Lock
    libos: Path
    closure: Closure


def prepare(project: Project, report: Report, *, start: tuple[str, ...]) -> Prepared:
    """`prepare(project, report, start=...)` is the project made ready to be built.

    `start` are modules that the target needs whatever the program is.

    Raises `UserError` if a requirement cannot be had, or the program imports what cannot be
    found.
    """
    python = interpreter(Path(project.context.get(PYTHON) or sys.executable))
    needed = project.graph.collect(lambda device: device.packages)
    requirements = [Requirement(package.requirement, package.position) for package in needed]
    locked = resolved(requirements, python, project.directory / LOCK_FILE, report)
    packages = environment(locked, python, report)
    library = Path(libos.__path__[0])
    needs = collect_needs(project)
    trace = project.directory / TRACE_FILE
    check_references(project, packages)
    files = closure(
        main_text(project).encode(),
        project=project.directory,
        environment=packages,
        interpreter=python,
        libos=library,
        start=(*start, *_converters(project)),
        include=tuple(name for need in needs if isinstance(need, Include) for name in need.modules),
        exclude=tuple(name for need in needs if isinstance(need, Exclude) for name in need.modules),
        trace=trace if trace.is_file() else None,
        report=report,
    )
    return Prepared(project, python, packages, locked, library, files)


def _converters(project: Project) -> tuple[str, ...]:
    """The modules that read the boot arguments of the program, where its types are not usual."""
    boot = (key for key in project.keys if key.stage is Stage.BOOT)
    names = {key.converter.name.removeprefix(LIST) for key in boot}
    return tuple(sorted({ELSEWHERE[name] for name in names if name in ELSEWHERE}))


def declared_devices(project: Project) -> tuple[Device, ...]:
    """`declared_devices(p)` is the live devices in the order in which the configuration made them.

    It is the order of creation, whatever uses them, and the graph's where that does not tell.
    """
    devices = dict.fromkeys(node.device for node in project.graph.nodes)
    return tuple(sorted(devices, key=lambda device: device.serial))


def collect_needs(project: Project) -> tuple[Need, ...]:
    """`collect_needs(p)` is what the live devices need from the tool, in declared order."""
    found = (need for device in declared_devices(project) for need in device.needs)
    return tuple(need for need in dict.fromkeys(found) if isinstance(need, Need))

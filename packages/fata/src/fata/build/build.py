"""A build: what it makes, as a plan of files, whatever the target."""

from __future__ import annotations

from dataclasses import dataclass

from fata.build.prepare import Prepared, Report
from fata.devices.target import UNIX
from fata.image.manifest import Blob, Manifest
from fata.image.output import Text, plan
from fata.project import Project
from functoria.action import Action, run


@dataclass(frozen=True, slots=True)
class Build:
    """`Build(manifest, plan)` is what is made, and the actions that put it into the project."""

    manifest: Manifest
    plan: tuple[Action, ...]


def made(
    prepared: Prepared,
    manifest: Manifest,
    files: tuple[tuple[Blob, bytes, int], ...],
    texts: tuple[Text, ...] = (),
) -> Build:
    """`made(prepared, manifest, files, texts)` is the build of these files.

    The program is written anew, for the configuration may have changed since, and the lock of
    requirements with it; what `configure` was told stays as it is.
    """
    project = prepared.project
    actions = (
        *project.tool.plan(project),
        *prepared.lock.actions,
        *plan(project.output, files, manifest, texts),
    )
    return Build(manifest, actions)


def planned(project: Project, report: Report) -> Build:
    """`planned(project, report)` is the build for the project's target, not yet carried out.

    The project is not written to; the user's cache may be.
    """
    if project.target == UNIX:
        from fata.build.unix import planned as planned_for
    else:
        from fata.build.guest import planned as planned_for
    return planned_for(project, report)


def build(project: Project, report: Report) -> Manifest:
    """`build(project, report)` is the manifest of the build that now lies in `project.output`."""
    found = planned(project, report)
    run(found.plan)
    return found.manifest

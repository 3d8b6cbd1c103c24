"""The pipeline as an answer: as data, and as each provider would be given it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fata.ci.model import Pipeline, Stage
from fata.ci.plan import derived
from fata.ci.render import text
from fata.project import Project
from fata.settings import load


def pipeline(project: Project) -> dict[str, Any]:
    """`pipeline(project)` is what happens to each commit, as data that JSON can hold.

    Raises `UserError` where there is no repository, or what fata.toml says is wrong.
    """
    made = _derived(project)
    jobs = [{**asdict(job), "stages": [_stage(stage) for stage in job.stages]} for job in made.jobs]
    return {"directory": made.directory, "jobs": jobs}


def file(provider: str, project: Project) -> str:
    """`file("github", project)` is what `fata ci init github` would write. Raises as `pipeline`."""
    return text(provider, _derived(project))


def _derived(project: Project) -> Pipeline:
    return derived(load(project.directory), project.directory, project.target)


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "kind": stage.kind.value,
        "name": stage.name,
        "doc": stage.doc,
        "commands": [str(command) for command in stage.commands],
        "fresh": [str(command) for command in stage.fresh],
    }

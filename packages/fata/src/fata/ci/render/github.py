"""GitHub Actions: docs.github.com, "Workflow syntax for GitHub Actions"."""

from __future__ import annotations

from collections.abc import Mapping

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS, Job, Pipeline
from fata.ci.pins import CHECKOUT, UPLOAD
from fata.ci.render.actions import job_head, literal, steps, workflow
from fata.ci.render.script import inside
from fata.ci.yaml import Noted, Value

NEXT_STEP = (
    f"to deploy, set the secret {DEPLOY_KEY} and the variable {KNOWN_HOSTS} in Settings, "
    "Environments"
)
_MACHINE = "ubuntu-24.04"
_DAYS = 14


def render(pipeline: Pipeline) -> dict[str, Value]:
    """`render(pipeline)` is the workflow as data."""
    return workflow(pipeline, {job.name: _job(pipeline, job) for job in pipeline.jobs})


def _job(pipeline: Pipeline, job: Job) -> Mapping[str, Value]:
    found = job_head(job, _MACHINE)
    # The checkout belongs to the user of the machine, and the container's root reads it.
    found["env"] = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    found["steps"] = [*steps(job, _checkout), *_upload(pipeline, job)]
    return found


def _checkout() -> tuple[Mapping[str, Value], ...]:
    return (
        {
            "name": "checkout",
            "uses": Noted(str(CHECKOUT), CHECKOUT.label),
            "with": {"persist-credentials": False},
        },
    )


def _upload(pipeline: Pipeline, job: Job) -> tuple[Mapping[str, Value], ...]:
    if not job.artifacts:
        return ()
    paths = [literal(inside(pipeline, path)) for path in job.artifacts]
    return (
        {
            "name": "keep",
            "uses": Noted(str(UPLOAD), UPLOAD.label),
            "with": {
                "name": job.name,
                "path": paths[0] if len(paths) == 1 else "".join(f"{path}\n" for path in paths),
                "if-no-files-found": "error",
                "retention-days": _DAYS,
            },
        },
    )

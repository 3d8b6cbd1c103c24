"""GitLab CI: docs.gitlab.com, "CI/CD YAML syntax reference"."""

from __future__ import annotations

from collections.abc import Mapping

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS, MINUTES, Job, Kind, Pipeline
from fata.ci.pins import IMAGE
from fata.ci.render.script import enter, inside, lines
from fata.ci.yaml import Noted, Value

NEXT_STEP = (
    f"to deploy, set the variables {DEPLOY_KEY} (type File) and {KNOWN_HOSTS} in Settings, CI/CD, "
    "both protected"
)
_STAGES = (Kind.TEST, Kind.BUILD, Kind.DEPLOY)


def render(pipeline: Pipeline) -> dict[str, Value]:
    """`render(pipeline)` is the file as data: for merge requests, and branches without one."""
    return {
        "workflow": {
            "rules": [
                {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'},
                {"if": "$CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS", "when": "never"},
                {"if": "$CI_COMMIT_BRANCH"},
            ]
        },
        "stages": [str(kind) for kind in _STAGES],
        "default": {
            "image": Noted(str(IMAGE), IMAGE.label),
            "interruptible": True,
            "timeout": f"{MINUTES} minutes",
        },
        "variables": {"GIT_DEPTH": "1"},
        **{job.name: _job(pipeline, job) for job in pipeline.jobs},
    }


def _job(pipeline: Pipeline, job: Job) -> Mapping[str, Value]:
    found: dict[str, Value] = {"stage": str(_kind(job))}
    if job.needs:
        found["needs"] = list(job.needs)
    if job.branch is not None:
        # Protected variables are not there for forks; in a fork itself they are not set.
        condition = (
            f'$CI_COMMIT_BRANCH == "{job.branch}" && $CI_COMMIT_REF_PROTECTED == "true"'
            f' && $CI_PIPELINE_SOURCE != "merge_request_event" && ${KNOWN_HOSTS}'
        )
        found["rules"] = [{"if": condition}]
        found["interruptible"] = False
    if job.environment is not None:
        found["environment"] = {"name": job.environment}
        found["resource_group"] = job.name
    found["script"] = [*enter(pipeline), *(line for s in job.stages for line in lines(s))]
    if job.artifacts:
        paths = [f"{inside(pipeline, path)}/" for path in job.artifacts]
        found["artifacts"] = {"paths": paths, "expire_in": "2 weeks"}
    return found


def _kind(job: Job) -> Kind:
    """The stage of GitLab's that a job is in: that of the first of its stages with a purpose."""
    return next(stage.kind for stage in job.stages if stage.kind in _STAGES)

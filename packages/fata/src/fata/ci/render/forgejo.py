"""Forgejo Actions and Gitea Actions: forgejo.org/docs, "Forgejo Actions | Reference".

The image of a job holds no JavaScript, which actions are written in: git itself fetches the
commit. Its token is read by git from the environment of that one step.
"""

from __future__ import annotations

from collections.abc import Mapping

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS, Job, Pipeline
from fata.ci.render.actions import expression, job_head, steps, workflow
from fata.ci.yaml import Value
from fata.settings import CommandLine

NEXT_STEP = (
    f"to deploy, set the secret {DEPLOY_KEY} and the variable {KNOWN_HOSTS} in the repository's "
    "Settings, Actions"
)
CHECKOUT = (
    CommandLine(("git", "init", "--quiet", ".")),
    CommandLine(("git", "fetch", "--quiet", "--depth=1", "origin")),
    CommandLine(("git", "checkout", "--quiet", "--detach", "FETCH_HEAD")),
)
"""How the commit comes: from `remote.origin`, which the step's environment describes."""

_MACHINE = "docker"


def render(pipeline: Pipeline) -> dict[str, Value]:
    """`render(pipeline)` is the workflow as data."""
    return workflow(pipeline, {job.name: _job(job) for job in pipeline.jobs})


def _job(job: Job) -> Mapping[str, Value]:
    found = job_head(job, _MACHINE)
    found["steps"] = steps(job, _checkout)
    return found


def _checkout() -> tuple[Mapping[str, Value], ...]:
    repository = f"{expression('github.server_url')}/{expression('github.repository')}"
    settings = (
        ("remote.origin.url", repository),
        ("remote.origin.fetch", expression("github.sha")),
        ("http.extraHeader", f"Authorization: token {expression('github.token')}"),
    )
    environment: dict[str, Value] = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return (
        {
            "name": "checkout",
            "working-directory": expression("github.workspace"),
            "env": environment,
            "run": "".join(f"{command}\n" for command in CHECKOUT),
        },
    )

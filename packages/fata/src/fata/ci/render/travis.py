"""Travis CI: docs.travis-ci.com, "Build Config Reference".

Every command runs in one container per job, as on the other providers, by `docker exec`.
"""

from __future__ import annotations

from collections.abc import Mapping

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS, MINUTES, Job, Kind, Pipeline
from fata.ci.pins import IMAGE
from fata.ci.render.script import commands
from fata.ci.yaml import Value
from fata.settings import CommandLine

NEXT_STEP = (
    f"to deploy, set {DEPLOY_KEY} (the key in base64, one line) and {KNOWN_HOSTS} in the "
    "repository's Settings, not displayed in the log"
)
CONTAINER = "fata"
_SOURCE = "/source"
_SECONDS = 60 * MINUTES


def render(pipeline: Pipeline) -> dict[str, Value]:
    """`render(pipeline)` is the file as data."""
    return {
        "version": "~> 1.0",
        "os": "linux",
        "dist": "jammy",
        "language": "shell",
        "services": ["docker"],
        "git": {"depth": 1},
        "stages": _stages(pipeline),
        "jobs": {"include": [_job(pipeline, job) for job in pipeline.jobs]},
    }


def start() -> str:
    """`start()` is the line that begins the container of a job.

    Travis sets the variable, which its own shell must replace.
    """
    return (
        f"docker run --detach --rm --name {CONTAINER} --volume $TRAVIS_BUILD_DIR:{_SOURCE}"
        f" --env GIT_CONFIG_COUNT=1 --env GIT_CONFIG_KEY_0=safe.directory"
        f" --env GIT_CONFIG_VALUE_0={_SOURCE} {IMAGE} sleep {_SECONDS}"
    )


def run(pipeline: Pipeline, job: Job, command: CommandLine) -> str:
    """`run(pipeline, job, command)` is the line that runs the command in the container."""
    names = (*job.secrets, *job.variables) if _deploys(command) else ()
    given = tuple(word for name in names for word in ("--env", name))
    place = _SOURCE if pipeline.directory == "." else f"{_SOURCE}/{pipeline.directory}"
    words = ("docker", "exec", "--workdir", place, *given, CONTAINER, *command.words)
    return str(CommandLine(words))


def _deploys(command: CommandLine) -> bool:
    return command.words[:3] == ("fata", "ci", "deploy")


def _stages(pipeline: Pipeline) -> list[Value]:
    """One stage per job, since Travis knows no other order; each with its condition."""
    found: list[Value] = []
    for job in pipeline.jobs:
        name = _stage_name(job)
        if job.branch is not None:
            condition = f'type = push AND fork = false AND branch = "{job.branch}"'
            found.append({"name": name, "if": condition})
        elif name not in found:
            found.append(name)
    return found


def _stage_name(job: Job) -> str:
    return job.name if job.branch is not None else str(_kind(job))


def _kind(job: Job) -> Kind:
    begin = (Kind.CHECKOUT, Kind.SET_UP)
    return next(stage.kind for stage in job.stages if stage.kind not in begin)


def _job(pipeline: Pipeline, job: Job) -> Mapping[str, Value]:
    # Travis goes on after a line of `script` that failed: it is one line.
    script = [run(pipeline, job, command) for stage in job.stages for command in commands(stage)]
    return {
        "stage": _stage_name(job),
        "name": job.name,
        "before_install": [start()],
        "install": "skip",
        "script": " && ".join(script),
    }

"""The pipeline as data: what every provider is told, and what `fata ci run` does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fata.settings import CommandLine

DEPLOY_KEY = "FATA_DEPLOY_KEY"
"""The secret: the private ssh key that deploys and signs."""

KNOWN_HOSTS = "FATA_KNOWN_HOSTS"
"""The variable: the keys of the hosts, as lines of known_hosts (sshd(8))."""

OUTPUT = "dist"
"""What a build leaves, beside the configuration."""

MINUTES = 60
"""No job takes longer."""


class Kind(StrEnum):
    """What a stage is for. Its value is how its name begins."""

    CHECKOUT = "checkout"
    SET_UP = "set-up"
    TEST = "test"
    BUILD = "build"
    VERIFY = "verify"
    PUBLISH = "publish"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True)
class Stage:
    """`Stage(kind, name, doc, commands, fresh)` is commands that run in order, until one fails.

    `fresh` are commands that go before on a machine that has nothing yet, such as a provider's;
    they change the machine. A checkout has no commands: each provider has its own way.
    """

    kind: Kind
    name: str
    doc: str
    commands: tuple[CommandLine, ...] = ()
    fresh: tuple[CommandLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """`Job(name, stages, ...)` is stages on one machine, which begins with nothing.

    `needs` are the jobs that succeeded before. With a `branch` it runs only for pushes to it, in
    the repository itself and in no fork, and it may see `secrets` and `variables`; no other job
    sees any. It is one of `environment`, and no two jobs of that run at once. `artifacts` are
    directories that are kept.
    """

    name: str
    stages: tuple[Stage, ...]
    needs: tuple[str, ...] = ()
    branch: str | None = None
    environment: str | None = None
    secrets: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`Pipeline(jobs, directory)` is what happens to each commit.

    `directory` is where the configuration lies in the repository, as `.` or `a/b`.
    """

    jobs: tuple[Job, ...]
    directory: str = "."

    @property
    def stages(self) -> tuple[Stage, ...]:
        """`pipeline.stages` is each stage once, in the order of the jobs."""
        found = {stage.name: stage for job in self.jobs for stage in job.stages}
        return tuple(found.values())

    def job_of(self, stage: Stage) -> Job:
        """`pipeline.job_of(stage)` is the first job that has the stage."""
        return next(job for job in self.jobs if stage in job.stages)

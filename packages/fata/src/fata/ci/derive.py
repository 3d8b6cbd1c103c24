"""The pipeline of a project: derived from `fata.toml` and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS, OUTPUT, Job, Kind, Pipeline, Stage
from fata.devices.target import GUESTS
from fata.settings import CommandLine, Environment, Settings
from fata.versions import VERSION

LOCK = "requirements-ci.txt"
"""If it is beside `config.py`, fata is installed from it, every file checked by its hash."""


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(directory, target, locked)` is what of a project its pipeline depends on.

    `directory` is where it lies in its repository, `target` what is configured, `locked` whether
    there is a lock of fata itself.
    """

    directory: str
    target: str
    locked: bool = False


def pipeline(settings: Settings, place: Place) -> Pipeline:
    """`pipeline(settings, place)` is what happens to each commit of the project."""
    targets = settings.pipeline.targets or (place.target,)
    begin = (_checkout(), _set_up(settings, place))
    tests = _tests(settings, begin)
    builds = tuple(_build(settings, target, begin, tests) for target in targets)
    before = tuple(job.name for job in (*tests, *builds))
    guests = [target for target in targets if target in GUESTS]
    deploys = tuple(
        _deploy(environment, environment.branch, guests[0], begin, before)
        for environment in settings.environments
        if guests and environment.host is not None and environment.branch is not None
    )
    return Pipeline((*tests, *builds, *deploys), place.directory)


def _checkout() -> Stage:
    return Stage(Kind.CHECKOUT, Kind.CHECKOUT, "the commit, and nothing else")


def _set_up(settings: Settings, place: Place) -> Stage:
    wanted = ("--require-hashes", "-r", LOCK) if place.locked else (f"fata=={VERSION}",)
    return Stage(
        Kind.SET_UP,
        Kind.SET_UP,
        "fata, and what the tests need",
        settings.pipeline.setup,
        fresh=(_line("apt-get", "update"), _line("python", "-m", "pip", "install", *wanted)),
    )


def _tests(settings: Settings, begin: tuple[Stage, ...]) -> tuple[Job, ...]:
    if not settings.pipeline.test:
        return ()
    stage = Stage(Kind.TEST, Kind.TEST, "the tests of the program", settings.pipeline.test)
    return (Job(Kind.TEST, (*begin, stage)),)


def _build(
    settings: Settings, target: str, begin: tuple[Stage, ...], tests: tuple[Job, ...]
) -> Job:
    stages = [
        Stage(
            Kind.BUILD,
            f"{Kind.BUILD}-{target}",
            f"the program for {target}",
            (_line("fata", "configure", "-t", target), _line("fata", "build")),
        )
    ]
    if settings.pipeline.reproducible and target in GUESTS:
        stages.append(
            Stage(
                Kind.VERIFY,
                f"{Kind.VERIFY}-{target}",
                "two builds in different places are the same",
                (_line("fata", "ci", "verify", "--target", target),),
            )
        )
    stages.append(
        Stage(
            Kind.PUBLISH,
            f"{Kind.PUBLISH}-{target}",
            "what was built, by digest",
            (_line("fata", "ci", "digests"),),
        )
    )
    return Job(
        f"{Kind.BUILD}-{target}",
        (*begin, *stages),
        needs=tuple(job.name for job in tests),
        artifacts=(OUTPUT,),
    )


def _deploy(
    environment: Environment,
    branch: str | None,
    target: str,
    begin: tuple[Stage, ...],
    before: tuple[str, ...],
) -> Job:
    name = f"{Kind.DEPLOY}-{environment.name}"
    stage = Stage(
        Kind.DEPLOY,
        name,
        f"to {environment.host}",
        (
            _line("fata", "configure", "-t", target),
            _line("fata", "ci", "deploy", "--environment", environment.name),
        ),
    )
    return Job(
        name,
        (*begin, stage),
        needs=before,
        branch=branch,
        environment=environment.name,
        secrets=(DEPLOY_KEY,),
        variables=(KNOWN_HOSTS,),
    )


def _line(*words: str) -> CommandLine:
    return CommandLine(words)

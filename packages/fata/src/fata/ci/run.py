"""Runs a pipeline here, as a provider would: a clean checkout, few variables, no secrets."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fata.child import tied
from fata.ci.checkout import Repository, check_out
from fata.ci.guard import guarded
from fata.ci.model import Kind, Pipeline, Stage
from fata.ci.surroundings import Surroundings, surroundings
from fata.settings import CommandLine
from fata.settings.nearest import nearest
from functoria.error import UsageError

STAGE = "--stage"
_OF_THE_USER = ("HOME", "SSH_AUTH_SOCK", "USER", "LOGNAME")
"""What a deployment needs of the user's: the keys of ssh, and the one that signs."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`Failure(stage, command, code)` is what failed, and its exit code (128+N for signal N)."""

    stage: Stage
    command: CommandLine
    code: int


def chosen(pipeline: Pipeline, names: tuple[str, ...]) -> tuple[Stage, ...]:
    """`chosen(pipeline, names)` is the stages to run; without names, all that deploy nothing.

    A name is a stage's or a kind's, such as `build`. The checkout, the set-up, and the build
    that is published come along. Raises `UsageError` for a name that nothing has.
    """
    if not names:
        return tuple(stage for stage in pipeline.stages if stage.kind is not Kind.DEPLOY)
    known = {name for stage in pipeline.stages for name in (stage.name, str(stage.kind))}
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no stage `{name}`", STAGE, nearest(name, known, "the stages")
            )
    wanted = [s for s in pipeline.stages if s.name in names or str(s.kind) in names]
    published = [pipeline.job_of(s) for s in wanted if s.kind is Kind.PUBLISH]
    builds = [s for job in published for s in job.stages if s.kind is Kind.BUILD]
    begin = (Kind.CHECKOUT, Kind.SET_UP)
    return tuple(s for s in pipeline.stages if s.kind in begin or s in wanted or s in builds)


def run(
    pipeline: Pipeline,
    stages: tuple[Stage, ...],
    source: Repository,
    variables: Mapping[str, str],
    report: Callable[[str], None],
    *,
    keep: bool = False,
) -> Failure | None:
    """`run(pipeline, stages, source, ...)` is what failed first; then nothing more is run.

    Nothing is left of it, however it ends, unless `keep`: then `report` says where it is.
    Raises `UserError` where it cannot begin.
    """
    if source.changed:
        report(f"files that are not committed as they are: {source.changed}; this runs the commit")
    with guarded(keep=keep) as place:
        if keep:
            report(f"the checkout stays in {place.directory / 'checkout'}")
        around = surroundings(place, variables)
        for stage in stages:
            began = time.monotonic()
            report(f"{stage.name}: {stage.doc}")
            failure = None
            if stage.kind is Kind.CHECKOUT:
                check_out(source, around.checkout)
                report(f"commit {source.commit[:12]}")
            else:
                own = _for_stage(stage, around, variables)
                failure = _stage(stage, own, around.checkout / source.directory, report)
            seconds = time.monotonic() - began
            if failure is not None:
                report(f"{stage.name} failed after {seconds:.1f} s")
                return failure
            report(f"{stage.name} took {seconds:.1f} s")
    return None


def _for_stage(stage: Stage, around: Surroundings, variables: Mapping[str, str]) -> Surroundings:
    if stage.kind is not Kind.DEPLOY:
        return around
    mine = {name: variables[name] for name in _OF_THE_USER if name in variables}
    return replace(around, environment={**around.environment, **mine})


def _stage(
    stage: Stage, around: Surroundings, directory: Path, report: Callable[[str], None]
) -> Failure | None:
    for command in stage.commands:
        report(f"$ {command}")
        code = _command(command, around.environment, directory)
        if code:
            return Failure(stage, command, code)
    return None


def _command(command: CommandLine, environment: Mapping[str, str], directory: Path) -> int:
    """The exit code of the command, as a shell tells it (POSIX, "Exit Status for Commands")."""
    program = _found(command.words[0], environment["PATH"], directory)
    if program is None:
        return 127
    try:
        child = subprocess.Popen(
            [command.words[0], *command.words[1:]],
            executable=program,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            preexec_fn=tied(),  # noqa: PLW1509 - only system calls are made after the fork
        )
    except OSError:
        return 126
    with child:
        code = child.wait()
    return 128 - code if code < 0 else code


def _found(name: str, path: str, directory: Path) -> str | None:
    import shutil

    if os.sep in name:
        place = directory / name
        return str(place) if place.is_file() else None
    return shutil.which(name, path=path)

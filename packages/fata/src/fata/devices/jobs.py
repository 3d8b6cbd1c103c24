"""Jobs that go between or around other jobs."""

from __future__ import annotations

from dataclasses import replace

from fata.devices.clock import clock as machine_clock
from fata.devices.types import CLOCK
from functoria import DURATION, JOB, Arrow, Device, Impl, Key, Stage, Type, UserError
from functoria.impl import Application, Choice, label_of
from functoria.position import here
from functoria.type import parameters

_LATER = Type("later")
"""The parameter that a job still waits for where it is handed on instead of being run."""


def noop() -> Impl:
    """`noop()` is the job that does nothing: to see that all which comes before it works."""
    return Device(name="noop", type=JOB, constructor="libos.jobs:noop", doc="does nothing")


def delay(seconds: float = 0.0, *, clock: Impl | None = None, group: str | None = None) -> Impl:
    """The job of waiting, so that the jobs after it, and their devices, start later.

    In `register("web", delay(2), job)` it waits two seconds, unless `--delay=1.5s` says otherwise
    when the program boots.
    """
    key = Key(
        name="delay",
        converter=DURATION,
        default=seconds,
        doc="how long to wait before the next job",
        stage=Stage.BOOT,
        group=group,
    )
    job = Device(
        name="delay",
        type=CLOCK >> JOB,
        constructor="libos.jobs:delay",
        labels=("clock",),
        keywords={"seconds": key},
        doc="waits before the next job",
    )
    return job(clock or machine_clock())


def together(*jobs: Impl) -> Impl:
    """`together(job, job)` runs jobs at once, in one event loop; it ends when all of them have.

    When one fails, the others are cancelled, and it fails as that one did. All devices of all of
    them are started before the first begins.
    """
    for job in jobs:
        if not isinstance(job, Impl) or job.impl_type != JOB:
            what = f"a `{job.impl_type}`" if isinstance(job, Impl) else f"the Python value {job!r}"
            raise UserError(
                f"`together` takes jobs, not {what}",
                here(),
                "pass what `main(...)` gives, applied to its devices",
            )
    if not jobs or len(set(jobs)) < len(jobs):
        raise UserError(
            "`together` is given " + ("the same job twice" if jobs else "no job"),
            here(),
            "pass each job that is to run, once",
        )
    keywords: dict[str, object] = {}
    for job in jobs:
        keywords[_parameter(label_of(job), keywords)] = _deferred(job)
    return Device(
        name="together",
        type=JOB,
        constructor="libos.jobs:together",
        keywords=keywords,
        doc="runs jobs at once",
    )


def _parameter(label: str, taken: dict[str, object]) -> str:
    """A name for a job that no other has, and that Python takes for a parameter's."""
    base = "".join(c if c.isalnum() else "_" for c in label)
    base = "job" if not base.isidentifier() or label == "if_impl" else base
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def _deferred(job: Impl) -> Impl:
    """The same job with a parameter left over, so that it is handed to `together`, not run."""
    if isinstance(job, Application):
        return replace(job, function=_deferred(job.function))
    if isinstance(job, Choice):
        branches = tuple((label, _deferred(branch)) for label, branch in job.branches)
        return replace(job, branches=branches, default=_deferred(job.default))
    if isinstance(job, Device):
        return replace(job, type=Arrow((*parameters(job.type), _LATER), JOB))
    raise TypeError(f"not a term: {job!r}")

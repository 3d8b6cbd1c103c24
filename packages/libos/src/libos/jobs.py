"""Jobs that go between or around other jobs."""

from __future__ import annotations

import asyncio
import logging

TYPE_CHECKING = False  # `typing` costs more to import than all of this module

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from libos.signatures.clock import Clock

    Job = Callable[[], Coroutine[Any, Any, None]]


async def noop() -> None:
    """The job that does nothing."""


async def delay(clock: Clock, *, seconds: float) -> None:
    """Wait `seconds`, then let the next job begin."""
    if seconds:
        logging.getLogger("boot").info("waiting %g s before the next job", seconds)
    await clock.sleep(seconds)


async def together(**jobs: Job) -> None:
    """Run the jobs at once, each under its name; it ends when all have, or the first has failed.

    The others are cancelled then. What is raised is the exception of the job that failed, or an
    exception group if several did before they could be cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for name, job in jobs.items():
                group.create_task(_named(name, job), name=name)
    except BaseExceptionGroup as failures:
        if len(failures.exceptions) == 1:
            raise failures.exceptions[0] from None
        raise


async def _named(name: str, job: Job) -> None:
    try:
        await job()
    except Exception as error:
        error.add_note(f"in `{name}`, one of the jobs that run together")
        raise

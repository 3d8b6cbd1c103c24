"""Changes that were asked for on a page, and how far they are."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fata.dashboard.link import Link
from functoria.error import UserError

_LINES = 200
_SECONDS = 2 * 3600.0


@dataclass(slots=True, eq=False)
class Job:
    """`Job(title, began)` is a change of one service, from when it was asked for to its end.

    `error` is why it failed; `done` is whether it has ended.
    """

    title: str
    began: float
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    done: bool = False
    error: UserError | None = None
    live: int | None = None

    @property
    def said(self) -> tuple[str, ...]:
        """The lines so far: a copy, since the job goes on."""
        return tuple(self.lines.copy())


class Jobs:
    """`Jobs(link, ended)` carries changes out, one at a time for each service.

    `ended` is called after each.
    """

    def __init__(
        self, link: Link, ended: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._link = link
        self._ended = ended
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def of(self, service: str) -> Job | None:
        """`of(service)` is the change that was asked for last."""
        return self._jobs.get(service)

    def dismiss(self, service: str) -> None:
        """Forget a change that has ended."""
        with self._lock:
            job = self._jobs.get(service)
            if job is not None and job.done:
                del self._jobs[service]

    def start(self, service: str, title: str, verb: str, request: Mapping[str, object]) -> Job:
        """`start(service, title, verb, request)` is that change, or the one that still runs."""
        with self._lock:
            running = self._jobs.get(service)
            if running is not None and not running.done:
                return running
            job = self._jobs[service] = Job(title, self._clock())
        threading.Thread(target=self._run, args=(job, verb, request), daemon=True).start()
        return job

    def _run(self, job: Job, verb: str, request: Mapping[str, object]) -> None:
        try:
            answer = self._link.call(verb, request, job.lines.append, _SECONDS)
            generation = answer.get("generation")
            job.live = generation if isinstance(generation, int) else None
        except UserError as error:
            job.error = error
        except Exception as error:
            job.error = UserError(
                f"the change could not be asked for: {type(error).__name__}: {str(error)[:300]}",
                "fata dashboard",
                "see on the page what runs now; if this happens again, report it",
            )
        job.done = True
        self._ended()

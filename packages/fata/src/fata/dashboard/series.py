"""The samples of the last day, of which only the newest are asked of the host."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import msgspec

from fata.dashboard.answers import Answers, Told, question
from fata.deploy.records.samples import KEPT, Sample

_REACHES = (KEPT, KEPT / 2, KEPT / 8)
"""Seconds: where the samples of a whole day are more than an answer can carry, it is less."""
_STEP = 600.0
"""Seconds, to which the beginning of what is asked for is rounded, so that it is asked once."""


class Series:
    """`Series(answers)` are the samples of the services that were looked at."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._known: dict[str, tuple[Sample, ...]] = {}
        self._reach: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(
        self, app: str, environment: str, now: float, answering: bool, wait: float = 5.0
    ) -> tuple[Sequence[Sample], Told]:
        """`of(app, environment, now, answering)` is the samples, and how they were told.

        The oldest come first. `now` is the host's time; `answering` is whether it answers others.
        """
        name = f"{app}.{environment}"
        with self._lock:
            known = self._known.get(name, ())
            reach = _REACHES[min(self._reach.get(name, 0), len(_REACHES) - 1)]
        since = max(known[-1].at if known else 0.0, now - reach)
        asked = question("samples", app=app, environment=environment, since=since // _STEP * _STEP)
        (told,) = self._answers.of((asked,), fresh=9.0, wait=wait)
        with self._lock:
            if told.error is not None and answering and not known:
                self._reach[name] = self._reach.get(name, 0) + 1
            known = _joined(self._known.get(name, ()), samples_of(told.answer, name), now - KEPT)
            self._known[name] = known
        return known, told


def samples_of(answer: Mapping[str, object] | None, name: str) -> tuple[Sample, ...]:
    """`samples_of(answer, name)` is the samples of that service in an answer, if it has them."""
    try:
        return msgspec.convert((answer or {}).get(name, ()), tuple[Sample, ...])
    except ValueError:
        return ()


def _joined(known: tuple[Sample, ...], new: tuple[Sample, ...], since: float) -> tuple[Sample, ...]:
    """Both, each once: what is known ends where the new ones begin."""
    if new:
        known = tuple(one for one in known if one.at < new[0].at)
    all_of_them = (*known, *new)
    return all_of_them[bisect_right(all_of_them, since, key=lambda one: one.at) :]

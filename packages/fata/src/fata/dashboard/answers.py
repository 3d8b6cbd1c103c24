"""What the host has said last, and since when it says nothing.

A page is shown at once with what is known; what is old is asked again meanwhile. Nothing is asked
that nobody looks at.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fata.dashboard.link import Link
from functoria.error import UserError

PULSE = "status"
"""The verb by whose failing it shows that the connection, or the host, is no more."""
SECONDS = 30.0
"""An answer that takes longer is none."""
_AT_ONCE = 4
_KEPT = 100
_LINES = 1000
_IMPATIENT = 0.5
"""Seconds that are waited for the answer to what was not answered the last time."""
_SOON, _LATER = 2.0, 30.0
"""Seconds before a question is asked again that found no answer: it may have been refused, and the
host writes refusals down."""
_RECENT, _PATIENT = 30.0, 1.0
"""While what is known is no older, a page waits no longer for what is newer."""


@dataclass(frozen=True, slots=True)
class Question:
    """`Question(verb, request)` is what is asked; `request` is JSON, so that it can be compared."""

    verb: str
    request: str

    @property
    def about(self) -> Mapping[str, object]:
        """The request as a value."""
        found: Mapping[str, object] = json.loads(self.request)
        return found


def question(verb: str, **request: object) -> Question:
    """`question("console", app="web", lines=100)` asks that of the host."""
    kept = {name: value for name, value in request.items() if value is not None}
    return Question(verb, json.dumps(kept, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Told:
    """`Told(answer, at, said, error, since)` is the last answer, and when it came.

    `said` is the lines before it, of which there may be too many to keep all. `error` is why there
    is no newer answer, and `since` when that began; both are `None` where the last question was
    answered. Times are seconds of the epoch.
    """

    answer: Mapping[str, object] | None = None
    at: float = 0.0
    said: tuple[str, ...] = ()
    error: UserError | None = None
    since: float | None = None


@dataclass(slots=True)
class _Entry:
    told: Told = field(default_factory=Told)
    tried: float = float("-inf")
    asking: bool = False


class Answers:
    """`Answers(link)` are the host's, from any thread."""

    def __init__(self, link: Link, clock: Callable[[], float] = time.time) -> None:
        self._link = link
        self._clock = clock
        self._entries: OrderedDict[Question, _Entry] = OrderedDict()
        self._changed = threading.Condition()
        self._slots = threading.Semaphore(_AT_ONCE)

    def of(
        self, questions: Sequence[Question], fresh: float = 3.0, wait: float = 5.0
    ) -> tuple[Told, ...]:
        """`of(questions, fresh, wait)` is what is known, each.

        What is older than `fresh` seconds is asked again first, which may take `wait` seconds.
        """
        began = time.monotonic()
        with self._changed:
            entries = [self._entry(one) for one in questions]
            for one, entry in zip(questions, entries, strict=True):
                self._refresh(one, entry, fresh)
            if any(entry.told.error for entry in entries):
                wait = min(wait, _IMPATIENT)
            elif all(self._clock() - entry.told.at < _RECENT for entry in entries):
                wait = min(wait, _PATIENT)
            while any(entry.asking for entry in entries):
                left = began + wait - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return tuple(entry.told for entry in entries)

    def forget(self) -> None:
        """Let all be asked anew, since something was changed."""
        with self._changed:
            for entry in self._entries.values():
                entry.tried = float("-inf")

    def _entry(self, one: Question) -> _Entry:
        entry = self._entries.setdefault(one, _Entry())
        self._entries.move_to_end(one)
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        return entry

    def _refresh(self, one: Question, entry: _Entry, fresh: float) -> None:
        pause = fresh
        if entry.told.error is not None:
            failing = self._clock() - (entry.told.since or 0.0)
            pause = _LATER if one.verb != PULSE else max(_SOON, min(failing / 4, _LATER))
        if entry.asking or time.monotonic() - entry.tried < pause:
            return
        entry.asking = True
        threading.Thread(target=self._ask, args=(one, entry), daemon=True).start()

    def _ask(self, one: Question, entry: _Entry) -> None:
        began = self._clock()
        try:
            said: deque[str] = deque(maxlen=_LINES)
            with self._slots:
                answer = self._link.call(one.verb, one.about, said.append, SECONDS)
            told = Told(answer, self._clock(), tuple(said))
        except UserError as error:
            told = self._failed(entry.told, error, began)
        except Exception as error:
            told = self._failed(entry.told, _unforeseen(error), began)
        if told.error is not None and one.verb == PULSE:
            self._link.leave()
        with self._changed:
            if one.verb == PULSE and told.error is None and entry.told.error is not None:
                for other in self._entries.values():
                    if other.told.error is not None:
                        other.tried = float("-inf")  # the host is back
            entry.told, entry.asking, entry.tried = told, False, time.monotonic()
            self._changed.notify_all()

    @staticmethod
    def _failed(before: Told, error: UserError, began: float) -> Told:
        return replace(before, error=error, since=before.since or began)


def _unforeseen(error: Exception) -> UserError:
    return UserError(
        f"the host could not be asked: {type(error).__name__}: {str(error)[:300]}",
        "fata dashboard",
        "start it again; if that does not help, report it",
    )

"""The consoles that somebody looks at, followed as they are written.

A host writes down who read a console. So it is asked for once and then followed, rather than asked
for again and again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from fata.dashboard.link import Link
from functoria.error import UserError

LINES = 300
_FOLLOWED = 3
"""At once: sshd lets one connection carry ten commands (sshd_config(5), MaxSessions)."""
_SECONDS = 600.0
"""How long one is followed, before it is asked whether somebody still looks."""
_LOOKED = 60.0
_AGAIN, _SOON = 30.0, 5.0
"""Seconds after which one that has ended is asked for again, if it can go on; or was lost."""
_WAIT, _QUIET = 4.0, 0.15
"""Seconds until the first lines are there, and without one until they are taken to be all."""
_KEPT = 40


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(app, environment, generation)` is whose console it is."""

    app: str
    environment: str
    generation: int


@dataclass(frozen=True, slots=True)
class Shown:
    """`Shown(lines, known, error)` is the end of a console; `known` is whether it was told yet."""

    lines: tuple[str, ...] = ()
    known: bool = False
    error: UserError | None = None


@dataclass(slots=True, eq=False)
class _Followed:
    lines: deque[str] = field(default_factory=deque)
    known: bool = False
    error: UserError | None = None
    running: bool = False
    began: float = float("-inf")
    ended: float = float("-inf")
    looked: float = 0.0
    heard: float = 0.0


class Consoles:
    """`Consoles(link)` are those of the host, from any thread."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: dict[Place, _Followed] = {}
        self._changed = threading.Condition()

    def of(self, place: Place, *, over: bool, answering: bool) -> Shown:
        """`of(place, over=False, answering=True)` is what is known of it.

        `over` is whether its guest runs no more, and `answering` whether the host answers others.
        """
        with self._changed:
            one = self._known.setdefault(place, _Followed())
            one.looked = now = time.monotonic()
            self._forget_old()
            pause = _SOON if one.known and one.error is not None else _AGAIN
            due = now - one.ended > pause and not (over and one.known)
            if due and answering and not one.running:
                self._start(place, one)
            deadline = one.began + _WAIT
            while one.running and (not one.known or time.monotonic() - one.heard < _QUIET):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, _QUIET))
            silent = one.running and time.monotonic() >= deadline
            return Shown(tuple(one.lines), one.known or silent, one.error)

    def _start(self, place: Place, one: _Followed) -> None:
        followed = sum(other.running for other in self._known.values())
        one.running, one.began, one.error = True, time.monotonic(), None
        arguments = (place, one, followed < _FOLLOWED)
        threading.Thread(target=self._follow, args=arguments, daemon=True).start()

    def _follow(self, place: Place, one: _Followed, follow: bool) -> None:
        error: UserError | None = None
        while True:
            began = time.monotonic()
            try:
                self._ask(place, one, follow)
            except UserError as found:
                if time.monotonic() - began >= _SECONDS:
                    if time.monotonic() - one.looked < _LOOKED:
                        continue
                else:
                    error = found
            except Exception as found:
                what = f"the console could not be read: {type(found).__name__}: {str(found)[:300]}"
                error = UserError(what, "fata dashboard", "if this happens again, report it")
            break
        with self._changed:
            one.known, one.error = one.known or error is None, error
            one.running, one.ended = False, time.monotonic()
            self._changed.notify_all()

    def _ask(self, place: Place, one: _Followed, follow: bool) -> None:
        lines: deque[str] = deque(maxlen=LINES)

        def say(line: str) -> None:
            with self._changed:
                lines.append(line)
                one.lines, one.known, one.heard = lines, True, time.monotonic()
                self._changed.notify_all()

        request: Mapping[str, object] = {
            "app": place.app,
            "environment": place.environment,
            "generation": place.generation,
            "lines": LINES,
            "follow": follow,
        }
        self._link.call("console", request, say, _SECONDS)

    def _forget_old(self) -> None:
        """Keep as many as are looked at, and some more."""
        idle = [place for place, one in self._known.items() if not one.running]
        idle.sort(key=lambda place: self._known[place].looked)
        for place in idle[: max(0, len(self._known) - _KEPT)]:
            if time.monotonic() - self._known[place].looked > _LOOKED:
                del self._known[place]

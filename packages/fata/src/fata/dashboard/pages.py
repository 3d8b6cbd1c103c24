"""What is at which address."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from fata.dashboard import metrics
from fata.dashboard.access import Access
from fata.dashboard.answers import Answers, Told, question
from fata.dashboard.consoles import Consoles, Place, Shown
from fata.dashboard.graphs import RANGES, SPARK_SECONDS, charts, spark
from fata.dashboard.jobs import Jobs
from fata.dashboard.rendering import environment, picture
from fata.dashboard.series import Series, samples_of
from fata.dashboard.state import Row, State, look
from fata.deploy.audit.entry import Entry
from fata.deploy.audit.verify import Fault
from fata.deploy.shown import events_of
from fata.deploy.stages import OVER
from fata.deploy.status import GenerationReport
from functoria.error import UserError

_EVENTS = 40
_ENTRIES = 100
_CONSOLES = 6
_FORM_BYTES = 1000
_SLOW, _FAST = 5, 2
"""Seconds after which a page asks again: as a rule, and while something changes."""


@dataclass(slots=True)
class Pages:
    """`Pages(host, answers, ...)` answers the requests that were let through.

    `host` is what the user calls the host.
    """

    host: str
    answers: Answers
    jobs: Jobs
    series: Series
    consoles: Consoles
    access: Access
    clock: Callable[[], float] = time.time
    templates: Environment = field(default_factory=environment)

    def overview(self, _request: Request) -> Response:
        """The host and its services."""
        state = self._look()
        begin = (state.now - SPARK_SECONDS) // 300 * 300
        (told,) = self.answers.of((question("samples", since=begin),), fresh=9.0, wait=1.0)
        sparks = {}
        for row in state.rows:
            svg, latest = spark(row.name, samples_of(told.answer, row.name), state.now)
            sparks[row.name] = (picture(svg), f"{latest} processor, " if latest else "")
        return self._page(
            "overview.html",
            state=state,
            page="overview",
            sparks=sparks,
            every=_every(state),
        )

    def service(self, request: Request) -> Response:
        """One service."""
        state = self._look()
        row = state.row(request.path_params["name"])
        if row is None:
            return self._missing(state)
        app, place = row.service.app, row.service.environment
        live = row.live
        chosen = _number(request.query_params.get("console"))
        pinned = row.generation(chosen) if chosen else None
        one = pinned or row.newest
        console = self._console(row, one, state)
        history = question("history", app=app, environment=place, limit=_EVENTS)
        (events,) = self.answers.of((history,), fresh=1.5)
        samples, used = self.series.of(app, place, state.now, state.answering)
        span = request.query_params.get("range")
        span = span if span in RANGES else "hour"
        job = self.jobs.of(row.name)
        return self._page(
            "service.html",
            state=state,
            page="service",
            row=row,
            job=job,
            range=span,
            charts=charts(samples, state.now, RANGES[span], live.memory if live else None),
            samples_error=_error(used, state),
            console=console,
            console_of=one,
            pinned=pinned,
            consoles=row.service.generations[:_CONSOLES],
            events=_events(events),
            events_error=_error(events, state),
            every=_FAST if job and not job.done else _every(state),
        )

    def confirm(self, request: Request) -> Response:
        """The question before a change, and with POST the change."""
        state = self._look()
        row = state.row(request.path_params["name"])
        number = request.path_params.get("number")
        chosen = None if row is None else row.live if number is None else row.generation(number)
        if row is None or chosen is None or not (number is None or chosen.returnable):
            return self._missing(state)
        title = f"Restart {row.name}" if number is None else f"Roll {row.name} back to g{number}"
        if request.method == "POST":
            about = {"app": row.service.app, "environment": row.service.environment}
            verb, more = ("restart", {}) if number is None else ("rollback", {"generation": number})
            self.jobs.start(row.name, title, verb, {**about, **more})
            return RedirectResponse(f"/services/{row.name}", 303)
        what = (
            "The same release is started anew, with the secrets of today. It becomes a new "
            "generation and goes the way of one: what serves now serves until the other has "
            "answered, unless the app has a disk that only one can write."
        )
        if number is not None:
            what = what.replace("The same release is started anew", "That release is started again")
        return self._page(
            "confirm.html",
            state=state,
            page="service",
            row=row,
            chosen=chosen,
            title=title,
            what=what,
            verb="restart" if number is None else "roll back",
            every=0,
        )

    def dismiss(self, request: Request) -> Response:
        """Show no longer how a change has ended."""
        name = request.path_params["name"]
        self.jobs.dismiss(name)
        state = self._look(wait=0.0)
        return RedirectResponse(f"/services/{name}" if state.row(name) else "/", 303)

    def audit(self, request: Request) -> Response:
        """What was asked of the host, by whom."""
        before = _number(request.query_params.get("before"))
        state = self._look()
        asked = question("audit", limit=_ENTRIES, before=before)
        checked = question("audit", limit=0, verify=True)
        (told,) = self.answers.of((asked,), fresh=3.0)
        (verified,) = self.answers.of((checked,), fresh=60.0, wait=2.0)
        error = _error(told, state)
        entries: tuple[Entry, ...] = ()
        try:
            found = msgspec.convert((told.answer or {}).get("entries", ()), tuple[Entry, ...])
            entries = tuple(sorted(found, key=lambda entry: -entry.number))
        except ValueError:
            error = _strange()
        fault, whole = _fault(verified)
        more = len(entries) == _ENTRIES and entries[-1].number > 1
        return self._page(
            "audit.html",
            state=state,
            page="audit",
            entries=entries,
            error=error,
            fault=fault,
            whole=whole,
            before=before,
            older=entries[-1].number if more else None,
            every=0 if before else _SLOW,
        )

    def metrics(self, _request: Request) -> Response:
        """For Prometheus."""
        state = self._look(wait=8.0)
        text = metrics.exposition(state.report if state.answering else None)
        return Response(text.encode(errors="replace"), media_type=metrics.CONTENT_TYPE)

    def status(self, _request: Request) -> Response:
        """What the host has said last, for programs."""
        state = self._look(wait=8.0)
        error = state.error
        said = None if error is None else {"what": error.what, "do": error.do}
        told = state.told
        return JSONResponse(
            {
                "host": self.host,
                "answering": state.answering,
                "at": told.at or None,
                "since": told.since,
                "error": said,
                "status": told.answer,
            }
        )

    def nowhere(self, _request: Request, _error: Exception) -> Response:
        """An address at which there is nothing."""
        return self._missing(None)

    def broken(self, _request: Request, error: Exception) -> Response:
        """A mistake of ours."""
        text = f"{type(error).__name__}: {str(error)[:300]}. Please report it."
        return self._message("The dashboard made a mistake", text, 500)

    async def form_is_ours(self, request: Request) -> bool:
        """Whether what was sent carries what only our forms do."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _FORM_BYTES:
                return False
        return self.access.has_form(body.decode("ascii", "replace").removeprefix("form="))

    def refused(self) -> Response:
        """What was sent by a page that is not ours, or is from an earlier run."""
        text = "The page was from an earlier run of the dashboard. Nothing was done."
        return self._message("Try it once more", text, 403)

    def _look(self, wait: float = 5.0) -> State:
        return look(self.answers, self.clock, wait)

    def _console(self, row: Row, one: GenerationReport | None, state: State) -> Shown:
        if one is None:
            return Shown(known=True)
        place = Place(row.service.app, row.service.environment, one.number)
        over = one.stage in OVER
        found = self.consoles.of(place, over=over, answering=state.answering)
        return found if state.answering else replace(found, error=None)

    def _missing(self, state: State | None) -> Response:
        if state is not None and state.report is None:
            text = "It is asked again when this page is opened again."
            return self._message(f"Nothing is known of {self.host} yet", text, 503, state.error)
        text = "It may have been removed, or has another name."
        return self._message("There is no such page", text, 404)

    def _message(
        self, title: str, text: str, code: int, error: UserError | None = None
    ) -> Response:
        return self._page(
            "message.html", code, title=title, text=text, error=error, page="", every=0
        )

    def _page(self, template: str, code: int = 200, **values: object) -> Response:
        common = {"host": self.host, "here": self.clock(), "form": self.access.form}
        text = self.templates.get_template(template).render({**common, **values})
        return HTMLResponse(text.encode(errors="replace"), code)


def _every(state: State) -> int:
    return _FAST if state.changing else _SLOW


def _error(told: Told, state: State) -> UserError | None:
    """Why something is not known; that the host does not answer is said once on a page."""
    return told.error if state.answering else None


def _events(told: Told) -> tuple[object, ...]:
    try:
        return events_of(told.answer or {"events": []})
    except UserError:
        return ()


def _fault(told: Told) -> tuple[Fault | None, bool | None]:
    """What is wrong with the log, and whether nothing is; both `None` where it is not known."""
    if told.answer is None or "fault" not in told.answer:
        return None, None
    try:
        fault = msgspec.convert(told.answer["fault"], Fault | None)
    except ValueError:
        return None, None
    return fault, fault is None


def _strange() -> UserError:
    return UserError(
        "the host's audit log cannot be understood",
        "fata agent audit",
        "see that this fata and the host's are of one version",
    )


def _number(text: str | None) -> int | None:
    plain = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if plain and text else None

"""The dashboard as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from fata.dashboard.access import Access, Guard
from fata.dashboard.answers import Answers
from fata.dashboard.consoles import Consoles
from fata.dashboard.jobs import Jobs
from fata.dashboard.link import Link
from fata.dashboard.pages import Pages
from fata.dashboard.series import Series

Page = Callable[[Request], Response]


def application(host: str, link: Link, access: Access) -> ASGIApp:
    """`application(host, link, access)` shows what is behind the link to those with access."""
    answers = Answers(link)
    jobs, series = Jobs(link, answers.forget), Series(answers)
    pages = Pages(host, answers, jobs, series, Consoles(link), access)
    of_service = "/services/{name}"
    inner = Starlette(
        routes=[
            Route("/", pages.overview),
            Route(of_service, pages.service),
            Route(f"{of_service}/rollback/{{number:int}}", pages.confirm, methods=["GET"]),
            Route(f"{of_service}/restart", pages.confirm, methods=["GET"]),
            _posted(f"{of_service}/rollback/{{number:int}}", pages, pages.confirm),
            _posted(f"{of_service}/restart", pages, pages.confirm),
            _posted(f"{of_service}/dismiss", pages, pages.dismiss),
            Route("/audit", pages.audit),
            Route("/metrics", pages.metrics),
            Route("/api/status.json", pages.status),
            Mount("/static", StaticFiles(directory=str(files("fata.dashboard") / "static"))),
        ],
        exception_handlers={404: pages.nowhere, 405: pages.nowhere, 500: pages.broken},
    )
    return Guard(inner, access)  # around all of it, so that no answer goes unguarded


def _posted(path: str, pages: Pages, page: Page) -> Route:
    """The route of a form, whose sender has to be a page of ours."""

    async def answer(request: Request) -> Response:
        if not await pages.form_is_ours(request):
            return pages.refused()
        return await run_in_threadpool(page, request)

    endpoint: Callable[[Request], Awaitable[Response]] = answer
    return Route(path, endpoint, methods=["POST"])

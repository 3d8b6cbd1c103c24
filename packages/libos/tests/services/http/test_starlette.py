"""A framework that many applications are written with, unchanged, on this server."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from libos.services.http.static import StaticFiles
from libos.storage.directory import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

log: list[str] = []


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    log.append("up")
    yield {"greeting": "hello"}
    log.append("down")


async def greet(request: Request) -> JSONResponse:
    return JSONResponse({"greeting": request.state.greeting, "name": request.path_params["name"]})


async def upload(request: Request) -> PlainTextResponse:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return PlainTextResponse(str(size), background=BackgroundTask(log.append, "background"))


async def countdown(_: Request) -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        for number in (3, 2, 1):
            yield f"{number} "
            await asyncio.sleep(0)

    return StreamingResponse(numbers())


async def fail(_: Request) -> PlainTextResponse:
    raise LookupError("on purpose")


@pytest.fixture
def site(serve: Any, tmp_path: Path) -> Any:
    (tmp_path / "page.txt").write_text("static")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "index.html").write_text("sub")
    log.clear()
    application = Starlette(
        routes=[
            Route("/greet/{name}", greet),
            Route("/upload", upload, methods=["POST"]),
            Route("/countdown", countdown),
            Route("/fail", fail),
            Mount("/files", StaticFiles(DirectoryStore(tmp_path))),
        ],
        lifespan=lifespan,
    )
    with serve(application) as server:
        yield server
    assert log[0] == "up"
    assert log[-1] == "down"


def test_a_json_answer_with_state_from_the_lifespan(site: Any) -> None:
    assert json.loads(site.get("/greet/w%C3%B6rld")[1]) == {"greeting": "hello", "name": "wörld"}


def test_an_upload_and_a_background_task(site: Any) -> None:
    assert site.get("/upload", "POST", b"x" * 1_000_000)[1] == b"1000000"
    site.stop()
    assert "background" in log


def test_a_stream(site: Any) -> None:
    assert site.get("/countdown")[1] == b"3 2 1 "


def test_errors(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert site.get("/none")[0].status == 404
    assert site.get("/upload")[0].status == 405
    assert site.get("/fail")[0].status == 500
    site.stop()  # starlette answers first and raises then
    assert "LookupError: on purpose" in caplog.text


def test_files_in_a_mount(site: Any) -> None:
    assert site.get("/files/page.txt")[1] == b"static"
    assert site.get("/files/sub")[0].headers["location"] == "/files/sub/"
    assert site.get("/files/sub/")[1] == b"sub"

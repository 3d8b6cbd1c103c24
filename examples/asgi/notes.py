"""A small API: notes in memory, and a task in the background that counts the seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Note(msgspec.Struct):
    text: str


@dataclass
class Service:
    notes: list[Note] = field(default_factory=list)
    seconds: int = 0

    async def count(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.seconds += 1


def as_json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def index(_request: Request) -> Response:
    return as_json({"name": "notes", "routes": ["/notes", "/up"]})


async def notes(request: Request) -> Response:
    return as_json(request.state.service.notes)


async def add(request: Request) -> Response:
    try:
        note = msgspec.json.decode(await request.body(), type=Note)
    except msgspec.DecodeError as error:
        return as_json({"error": str(error)}, 400)
    request.state.service.notes.append(note)
    return as_json(note, 201)


async def up(request: Request) -> Response:
    return as_json({"seconds": request.state.service.seconds})


@contextlib.asynccontextmanager
async def lifespan(_application: Starlette) -> AsyncIterator[dict[str, Service]]:
    service = Service()
    background = asyncio.create_task(service.count())
    yield {"service": service}
    background.cancel()


application = Starlette(
    routes=[
        Route("/", index),
        Route("/notes", notes),
        Route("/notes", add, methods=["POST"]),
        Route("/up", up),
    ],
    lifespan=lifespan,
)

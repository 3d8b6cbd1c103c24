"""A guest book, a WSGI application of the framework bottle: each request runs in a thread of four,
so that one which waits, as `/slowly` does, holds up no other."""

import time
from collections.abc import Iterator
from threading import Lock

from bottle import Bottle, abort, request, response

application = Bottle()
guests: list[str] = []
lock = Lock()


@application.get("/")
def index() -> dict[str, list[str]]:
    return {"guests": guests}


@application.post("/")
def sign() -> dict[str, int]:
    name = (request.json or {}).get("name") or abort(400, "who are you?")
    with lock:
        guests.append(name)
        return {"number": len(guests)}


@application.get("/slowly")
def slowly() -> Iterator[str]:
    response.content_type = "text/plain"
    for guest in guests:
        yield f"{guest}\n"
        time.sleep(0.1)


@application.get("/broken")
def broken() -> str:
    raise LookupError("this page is not written yet")

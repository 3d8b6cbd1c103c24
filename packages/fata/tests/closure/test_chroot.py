"""The proof: programs run from the listed files and nothing else, as the guest runs them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fata.closure import MAIN, Closure, Interpreter, closure
from fata.requirements import Requirement, environment, lock

Build = Callable[..., Closure]

BOOT = f"""
import sys
sys.path.insert(0, "/app")
log = open("/log", "w")
def hook(event, arguments):
    if event == "compile" and arguments[1] != "<string>":
        log.write("compile %s\\n" % arguments[1]); log.flush()
    if event == "open" and isinstance(arguments[0], str):
        log.write("open %s\\n" % arguments[0]); log.flush()
sys.addaudithook(hook)
import marshal
code = marshal.loads(open("/app/{MAIN}.pyc", "rb").read()[16:])
exec(code)
"""

ECHO = """
import asyncio, socket
async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(str)
    await loop.getaddrinfo("127.0.0.1", 80)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
if __name__ == "__main__":
    asyncio.run(main())
"""

WEB = """
import datetime, socket
import msgspec, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

class Order(msgspec.Struct):
    name: str
    when: datetime.datetime
    count: int = 1

async def hello(request):
    return PlainTextResponse("hello")
async def order(request):
    found = msgspec.json.decode(await request.body(), type=Order)
    return Response(msgspec.json.encode(found), media_type="application/json")
async def form(request):
    return JSONResponse(dict(await request.form()))
async def thread(request):
    import anyio.to_thread
    return PlainTextResponse(await anyio.to_thread.run_sync(lambda: "from a thread"))
async def tls(request):
    import ssl
    return PlainTextResponse(str(ssl.create_default_context().protocol))
async def codec(request):
    return PlainTextResponse("é".encode("cp437").hex())
async def when(request):
    return PlainTextResponse(str(datetime.datetime.strptime("2026-01-02", "%Y-%m-%d").day))
async def zone(request):
    import zoneinfo
    return PlainTextResponse(str(zoneinfo.ZoneInfo("Europe/London")))
async def fails(request):
    return PlainTextResponse(str(1 / 0))

routes = [Route("/" + f.__name__, f, methods=["GET", "POST"])
          for f in (hello, order, form, thread, tls, codec, when, zone, fails)]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(Starlette(routes=routes), log_level="info")
uvicorn.Server(config).run(sockets=[listener])
"""


PATHS = ("hello", "order", "form", "thread", "tls", "codec", "when", "zone", "fails", "nothing")


# Whoever is not root becomes it in a user namespace of its own.
UNSHARE = [str(shutil.which("unshare")), "--map-root-user"]
AS_ROOT = [] if os.geteuid() == 0 else UNSHARE


@contextlib.contextmanager
def running(found: Closure, python: Interpreter, tree: Path) -> Iterator[int]:
    """`running(...)` is the port of a program that runs with the listed files as its root."""
    for entry in found.entries:
        path = tree / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.content())
        path.chmod(0o755 if entry.executable else 0o644)
    (tree / "boot.py").write_text(BOOT)
    command = [
        *AS_ROOT,
        str(shutil.which("chroot")),
        tree,
        f"/usr/bin/python{python.short_version}",
    ]
    with (
        (tree / "errors").open("wb") as errors,
        subprocess.Popen(
            [*command, "-I", "-S", "/boot.py"], env={}, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else b""
            assert line.strip().isdigit(), (tree / "errors").read_text()
            yield int(line)
        finally:
            process.kill()


def log(tree: Path, event: str) -> set[str]:
    lines = (tree / "log").read_text().splitlines()
    return {line.removeprefix(f"{event} ") for line in lines if line.startswith(f"{event} ")}


def test_an_echo_server(build: Build, python: Interpreter, tmp_path: Path) -> None:
    found = build({"main.py": ECHO})
    tree = tmp_path / "root"
    with (
        running(found, python, tree) as port,
        socket.create_connection(("127.0.0.1", port), 10) as client,
    ):
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
    assert (tree / "errors").read_text() == ""
    assert log(tree, "compile") == set()
    known = {f"/{entry.path}" for entry in found.entries}
    assert {path for path in log(tree, "open") if path.startswith(("/app", "/usr"))} <= known


@pytest.fixture(scope="module")
def web(python: Interpreter, libos: Path, tmp_path_factory: pytest.TempPathFactory) -> Closure:
    """A Starlette application with a compiled dependency, from the package index."""
    project = tmp_path_factory.mktemp("web")
    (project / "main.py").write_text(WEB)
    names = ("starlette", "uvicorn", "msgspec", "python-multipart", "tzdata")
    wanted = [Requirement(name, "this test") for name in names]
    locked = lock(wanted, python, project / "fata.lock", lambda _: None)
    site = environment(locked, python, lambda _: None)
    started = time.monotonic()
    made = closure(
        project / "main.py",
        project=project,
        environment=site,
        interpreter=python,
        libos=libos,
        report=lambda _: None,
    )
    assert time.monotonic() - started < 60
    return made


@pytest.mark.e2e
def test_a_starlette_application(web: Closure, python: Interpreter, tmp_path: Path) -> None:
    tree = tmp_path / "root"
    answers: dict[str, tuple[int, bytes]] = {}
    order = json.dumps({"name": "tea", "when": "2026-01-02T03:04:05Z"}).encode()
    with running(web, python, tree) as port:
        for path in PATHS:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            body = {"order": order, "form": b"a=1&b=2"}.get(path)
            kind = {"content-type": "application/x-www-form-urlencoded"} if path == "form" else {}
            client.request("POST" if body else "GET", f"/{path}", body, kind)
            response = client.getresponse()
            answers[path] = (response.status, response.read())
            client.close()
    assert answers == {
        "hello": (200, b"hello"),
        "order": (200, b'{"name":"tea","when":"2026-01-02T03:04:05Z","count":1}'),
        "form": (200, b'{"a":"1","b":"2"}'),
        "thread": (200, b"from a thread"),
        "tls": (200, b"16"),
        "codec": (200, b"82"),
        "when": (200, b"2"),
        "zone": (200, b"Europe/London"),
        "fails": (500, b"Internal Server Error"),
        "nothing": (404, b"Not Found"),
    }
    kept = {f"/{e.path}" for e in web.entries if e.path.endswith(".py")}
    assert log(tree, "compile") <= kept, "anyio reads its own source, and nothing else is compiled"
    errors = (tree / "errors").read_text()
    assert "ModuleNotFoundError" not in errors

"""A host that answers as the agent does, from what is written here, and the dashboard before it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import math
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Self

import msgspec
import uvicorn

from fata.dashboard.access import Access
from fata.dashboard.application import application
from fata.dashboard.link import Link
from fata.deploy.records.samples import Sample
from fata.deploy.status import (
    ChangeReport,
    EventReport,
    GenerationReport,
    GuestReport,
    HostReport,
    ServiceReport,
    StatusReport,
)
from functoria.error import UserError

NOW = 1_790_000_000.0
MIB = 1 << 20

HOST = HostReport(
    name="box",
    driver="qemu",
    bridge="fata0",
    system="Linux 6.12.48",
    cpus=4,
    load=0.62,
    memory=16 << 30,
    available=11 << 30,
    disk_free=212 << 30,
    supervised=True,
    strangers=(),
)
RUNNING = GuestReport(
    state="running",
    number=4711,
    started=NOW - 9000,
    cpu=412.5,
    memory=83 * MIB,
    received=73_400_320,
    sent=912_680_550,
)


def generation(number: int, **more: object) -> GenerationReport:
    """`generation(7, stage="live")` is a generation of the website."""
    first = GenerationReport(
        number=number,
        stage="retired",
        slot="ab"[number % 2],
        digest=f"{number:x}" * 64,
        image="sha256:" + hashlib.sha256(b"%d" % number).hexdigest(),
        program="website",
        commit=hashlib.sha256(b"commit %d" % number).hexdigest()[:40],
        modified=False,
        signer="ada@laptop",
        author="ada@laptop",
        created=NOW - 9100 - 7200 * (9 - number),
        changed=NOW - 9000 - 7200 * (9 - number),
        reason="",
        restarts=0,
        healthy=None,
        said="",
        probed=None,
        arguments=("--workers=2",),
        ports=("80/tcp", "443/tcp"),
        memory=128,
        returnable=False,
    )
    return replace(first, **more)  # type: ignore[arg-type]


WEBSITE = ServiceReport(
    app="website",
    environment="production",
    wanted="running",
    live=9,
    change=None,
    generations=(
        generation(
            9,
            stage="live",
            healthy=True,
            said="answered 200 in 4 ms",
            probed=NOW - 12,
            guest=RUNNING,
            restarts=1,
        ),
        generation(8, returnable=True),
        generation(7, stage="failed", reason="it did not answer within 30 s: 500 Internal Error"),
        generation(6, returnable=True, author="grace@desk"),
        generation(5),
    ),
)
STAGING = replace(
    WEBSITE,
    environment="staging",
    live=3,
    change=ChangeReport("grace@desk", "deploy 1f4a9c22d0be", NOW - 8),
    generations=(
        generation(4, stage="booted", changed=NOW - 5, author="grace@desk", memory=64),
        generation(
            3,
            stage="live",
            healthy=True,
            said="answered 200 in 11 ms",
            probed=NOW - 3,
            guest=replace(RUNNING, memory=41 * MIB),
        ),
    ),
)
MAIL = replace(
    WEBSITE,
    app="mail",
    live=2,
    generations=(
        generation(
            2,
            stage="live",
            healthy=False,
            said="no answer within 2 s",
            probed=NOW - 4,
            guest=RUNNING,
            ports=("25/tcp",),
            restarts=4,
            modified=True,
        ),
    ),
)
CONSOLE = (
    "[    0.000000] Linux version 6.12.48-fata",
    "[    0.184211] Run /init as init process",
    "fata: network 10.77.0.12/16 on eth0",
    "website: 2 workers, listening on port 80",
    '10.77.0.1 "GET /health" 200 4 ms',
)


def samples(
    service: ServiceReport, seconds: float = 86400.0, every: float = 10.0, end: float = NOW
) -> tuple[Sample, ...]:
    """`samples(service)` is a day of a guest that has more to do at noon, and was started again."""
    found: list[Sample] = []
    cpu, received, sent = 0.0, 0.0, 0.0
    for number in range(int(seconds / every)):
        at = end - seconds + (number + 1) * every
        busy = 1 + math.sin(at / 13751) + 0.35 * math.sin(at / 307) + 0.2 * math.sin(at / 41)
        busy = max(0.05, busy)
        if number == int(seconds / every * 0.97):
            cpu = received = sent = 0.0
        cpu += every * 0.09 * busy
        received += every * 9_000 * busy
        sent += every * 61_000 * busy
        memory = int((58 + 14 * busy + number % 9) * MIB)
        counters = (int(received), int(sent), 0, 0)
        found.append(Sample(at, service.live or 1, cpu, memory, *counters))
    return tuple(found)


class FakeHost:
    """What `Remote` is to the dashboard. `down` is why it does not answer, if it does not."""

    def __init__(self, *services: ServiceReport, now: float = NOW) -> None:
        self.now = now
        self.host = HOST
        self.services = services or (WEBSITE, STAGING, MAIL)
        self.events = [
            EventReport(NOW - 9000, "website", "production", 9, "live"),
            EventReport(NOW - 9003, "website", "production", 9, "healthy"),
            EventReport(NOW - 9006, "website", "production", 9, "staged by ada@laptop"),
        ]
        self.console: tuple[str, ...] = CONSOLE
        self.sampled = {self._name(one): samples(one) for one in self.services}
        self.entries: list[Mapping[str, object]] = []
        self.fault: Mapping[str, object] | None = None
        self.down: UserError | None = None
        self.ended = threading.Event()
        self.opened = 0
        self.open = 0
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.changes: dict[str, Callable[[Mapping[str, object], Callable[[str], None]], int]] = {}
        self.answers: dict[str, object] = {}

    def __enter__(self) -> Self:
        if self.down is not None:
            raise self.down
        self.opened += 1
        self.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1

    def call(
        self,
        verb: str,
        request: Mapping[str, object],
        say: Callable[[str], None] | None = None,
        seconds: float = 0.0,
    ) -> Mapping[str, object]:
        """The agent's answer."""
        self.asked.append((verb, request))
        if self.down is not None:
            raise self.down
        say = say or (lambda _: None)
        if verb in self.answers:
            found = self.answers[verb]
            if isinstance(found, UserError):
                raise found
            return found  # type: ignore[return-value]
        if verb in self.changes:
            return {"generation": self.changes[verb](request, say)}
        answer: Mapping[str, object] = getattr(self, f"_{verb}")(request, say)
        return answer

    def _status(self, _request: Mapping[str, object], _say: object) -> Mapping[str, object]:
        report = StatusReport(self.now, self.host, self.services)
        return msgspec.to_builtins(report)  # type: ignore[no-any-return]

    def _history(self, request: Mapping[str, object], _say: object) -> Mapping[str, object]:
        mine = [one for one in self.events if one.app == request["app"]]
        return {"events": msgspec.to_builtins(mine)}

    def _samples(self, request: Mapping[str, object], _say: object) -> Mapping[str, object]:
        since = request["since"]
        assert isinstance(since, float)
        name = f"{request['app']}.{request['environment']}" if "app" in request else None
        return {
            one: [msgspec.to_builtins(sample) for sample in found if sample.at > since]
            for one, found in self.sampled.items()
            if name in (None, one)
        }

    def _console(
        self, request: Mapping[str, object], say: Callable[[str], None]
    ) -> Mapping[str, object]:
        service = next(one for one in self.services if one.app == request["app"])
        number, said = request["generation"], 0
        while True:
            for line in self.console[said:]:
                say(line)
            said = len(self.console)
            if number != service.live or not request["follow"] or self.ended.wait(0.05):
                return {"guest": "guest", "generation": number}
            if self.down is not None:
                raise self.down

    def _audit(self, request: Mapping[str, object], _say: object) -> Mapping[str, object]:
        verified = {"fault": self.fault} if request.get("verify") else {}
        return {"entries": self.entries[: int(str(request["limit"]))], **verified}

    @staticmethod
    def _name(one: ServiceReport) -> str:
        return f"{one.app}.{one.environment}"


class Browser:
    """`Browser(port, access)` asks for pages, with the cookie unless it has none."""

    def __init__(self, port: int, access: Access) -> None:
        self.port = port
        self.access = access
        self.cookie: str | None = f"{access.cookie}={access.session}"

    @property
    def address(self) -> str:
        """What is typed first."""
        return f"http://127.0.0.1:{self.port}/?token={self.access.token}"

    def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
        """`get("/")` is the code, the headers and the text."""
        return self.ask("GET", path, None, **headers)

    def post(
        self, path: str, form: str | None = None, **headers: str
    ) -> tuple[int, Mapping[str, str], str]:
        """`post(path)` sends a form, ours unless it is said what is in it."""
        body = f"form={self.access.form}" if form is None else form
        return self.ask("POST", path, body, **headers)

    def ask(
        self, method: str, path: str, body: str | None, **headers: str
    ) -> tuple[int, Mapping[str, str], str]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {} if self.cookie is None else {"Cookie": self.cookie}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode()
        finally:
            connection.close()


@contextlib.contextmanager
def served(host: FakeHost) -> Iterator[Browser]:
    """The dashboard of that host, served while the block runs."""
    access, link = Access(), Link(lambda: host)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        made = application("root@box", link, access)
        server = uvicorn.Server(
            uvicorn.Config(made, log_config=None, log_level="critical", lifespan="off", ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Browser(listening.getsockname()[1], access)
        finally:
            server.should_exit = True
            thread.join()
            host.ended.set()
            link.close()

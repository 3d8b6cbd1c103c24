"""The examples that correspond to those of MirageOS's tutorial, run on both targets."""

from __future__ import annotations

import functools
import http.server
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fata.qemu.wait import wait_http
from tests.conftest import EXAMPLES, ROOT, MakeProject, Running, StartRun
from tests.namespaces import TAP, lan

pytestmark = pytest.mark.e2e

TARGETS = ["unix", "virtio"]

# Example, keys, boot arguments, and what it says, line by line.
BATTERY = [
    "512 sectors of 512 bytes",
    *(f"{count} at a time: read back as written" for count in (1, 2, 8, 512)),
    *(f"{what}: refused" for what in ("a read beyond the end", "a write beyond the end")),
    "half a sector: refused",
]
TAKES = "this takes 0.* s, of 0.250 s at most"
ENDING: list[tuple[str, list[str], list[str], list[str]]] = [
    ("noop", [], [], []),
    ("hello-key", [], [], ["Hello World!"] * 4),
    ("hello-key", [], ["--hello=hi, there"], ["hi, there"] * 4),
    (
        "app-info",
        [],
        [],
        [r"kernel \S+", r"python 3\.\d+\.\d+", r"h11 0\.16\.\d+", r"idna 3\.\d+", "imported: .*"],
    ),
    ("local-library", [], [], ["bonjour, world"]),
    ("heads", [], [], ["heads", "tails", "finished"]),
    ("heads", ["--style=gather"], [], ["heads", "tails", "finished with tails and heads"]),
    ("echo-lines", [], [], ["[a-z2-7]{8}"] * 10),
    ("timeout", ["--hurry=true"], [], [TAKES, "done|cancelled"]),
    ("timeout", ["--style=block"], [], [TAKES, "done|cancelled"]),
    (
        "clock",
        ["--mock=true"],
        [],
        [rf"2030-01-01 12:00:0{n}\+00:00, {n}\.0 s since the start" for n in range(5)],
    ),
    ("block", [], [], BATTERY),
    ("block", ["--kind=memory"], [], BATTERY),
    ("block", ["--kind=file"], [], BATTERY),
    (
        "jobs",
        ["--luck=same"],
        ["--name=east"],
        [
            r".* east warning random: random bytes follow from the seed 7: .*",
            r".* east info garden: sown in row 3",
            r".* east info boot: waiting 0\.1 s before the next job",
            *(rf".* east info garden: {what}" for what in ("can 1", "bed 1", "can 2", "bed 2")),
        ],
    ),
    (
        "crypto",
        [],
        [],
        [
            "SHA-256 09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b",
            "32 random bytes make a key",
            "AES-GCM gives back b'hello, world'",
            "AES-GCM notices a changed bit",
            "RSA verifies a signature of 256 bytes",
        ],
    ),
]
# Keys and arguments work alike on all targets: one VM for each example will do.
IN_VMS = {case[0]: case for case in reversed(ENDING)}.values()
CASES = [("unix", *case) for case in ENDING] + [("virtio", *case) for case in IN_VMS]
CASES.append(("virtio", "block", ["--kind=guest"], [], BATTERY))  # no process has such a disk
NAMES = ["".join((name, *keys, *words, "-", target)) for target, name, keys, words, _ in CASES]


def lines(out: str) -> list[str]:
    """What the program said: its records and what it printed, without what the machine adds."""
    kept = [line for line in out.splitlines() if line and not line.startswith("fata: exit")]
    kept = [re.sub(r"^\d{4}-\d\d-\d\d [0-9:.]+Z \w+ [\w.-]+: ", "", line) for line in kept]
    return [line for line in kept if not re.match(r"PCI: Fatal|reboot: ", line)]


@pytest.mark.parametrize(("target", "example", "keys", "arguments", "said"), CASES, ids=NAMES)
def test_an_example_that_ends(
    project: MakeProject,
    target: str,
    example: str,
    keys: list[str],
    arguments: list[str],
    said: list[str],
) -> None:
    result = project(example).built("-t", target, *keys).ok("run", "--", *arguments)
    found = lines(result.out)
    assert len(found) == len(said), result.out
    for line, pattern in zip(found, said, strict=True):
        assert re.fullmatch(pattern, line), line


def test_lines_that_follow_from_a_seed_are_the_same_everywhere(project: MakeProject) -> None:
    example = project("echo-lines")
    said = [lines(example.built("-t", t, "--again=true").ok("run").out)[1:] for t in TARGETS]
    assert said[0] == said[1]
    assert len(said[0]) == 10


def test_an_image_has_of_a_library_what_is_imported(project: MakeProject) -> None:
    listing = project("local-library").built().ok("describe", "--image").out
    assert "greetings/french" in listing
    assert "greetings/german" not in listing


def started(
    running: StartRun, project: MakeProject, example: str, target: str, guest: int
) -> tuple[Running, int]:
    """An example that serves on the port, as `guest` in a VM, and where it is reached."""
    made = project(example).built("-t", target)
    if target == "virtio":
        run = running(made, "-p", f"0:{guest}")
        return run, run.port(guest)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return running(made, "--", f"--port={port}"), port


@pytest.mark.parametrize("target", TARGETS)
def test_a_listener_logs_what_it_reads(
    project: MakeProject, running: StartRun, target: str
) -> None:
    run, port = started(running, project, "network", target, 8080)
    run.said("listening on port")
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(b"hello")
    peer = "127.0.0.1" if target == "unix" else "10.0.2.2"
    run.said(f"new connection from {peer}")
    run.said("read 5 bytes: b'hello'")
    run.said(f"closing connection from {peer}")
    assert run.interrupt() == 130


@pytest.fixture
def page(tmp_path: Path) -> Iterator[int]:
    """The port of a server on this machine that has `/page.txt`."""
    (tmp_path / "page.txt").write_text("a page\n" * 1000)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("target", TARGETS)
def test_a_page_is_fetched(project: MakeProject, page: int, target: str) -> None:
    host = "127.0.0.1" if target == "unix" else "10.0.2.2"
    made = project("http-fetch").built("-t", target)
    result = made.ok("run", "--", f"--uri=http://{host}:{page}/page.txt?a=1")
    assert "HTTP/1.0 200 OK" in result.out
    assert "received 7000 bytes" in result.out
    refused = made.fata("run", "--", "--uri=ftp://x/")
    assert refused.code == 1
    assert "ftp://x/ is not an address that begins with http://" in refused.err


def fetched(url: str, body: bytes | None = None) -> Any:
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310
    return urllib.request.urlopen(request, timeout=30)  # noqa: S310


@pytest.mark.parametrize("target", TARGETS)
def test_a_wsgi_application_serves_while_one_request_waits(
    project: MakeProject, running: StartRun, target: str
) -> None:
    run, port = started(running, project, "wsgi", target, 80)
    assert json.loads(wait_http(port, "/", 120).body) == {"guests": []}
    base = f"http://127.0.0.1:{port}"
    for number in range(1, 6):
        body = json.dumps({"name": f"guest {number}"}).encode()
        with fetched(base, body) as reply:
            assert json.load(reply) == {"number": number}
    with fetched(f"{base}/slowly") as slow:
        assert slow.readline() == b"guest 1\n"
        assert json.loads(wait_http(port, "/", 30).body)["guests"][4] == "guest 5"
        assert slow.read().count(b"\n") == 4
    for path, status in (("/broken", 500), ("/nothing", 404)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetched(base + path)
        assert caught.value.code == status
        caught.value.close()
    run.said("LookupError: this page is not written yet")
    assert run.interrupt() == 130


ECHO6 = """\
import socket, sys
with socket.create_connection((sys.argv[1], 7007), 10) as connection:
    connection.sendall(b"hello")
    print(connection.recv(100).decode())
"""

PING6 = """\
import socket, struct, sys
with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.getprotobyname("ipv6-icmp")) as icmp:
    icmp.settimeout(10)
    icmp.sendto(struct.pack("!BBHHH", 128, 0, 0, 7, 7), (sys.argv[1], 0))
    while icmp.recv(100)[0] != 129:
        pass
    print("alive")
"""


@pytest.mark.parametrize("target", TARGETS)
def test_a_machine_of_ipv6_alone_echoes_and_answers_pings(
    project: MakeProject, running: StartRun, target: str
) -> None:
    made = project("ipv6").built("-t", target)
    with lan("fd99::1/64") as net:
        inside = net.inside
        if target == "unix":
            run, address = running(made, prefix=inside), "fd99::1"
        else:
            boot = ("--", "--ipv4=none", "--ipv6=fd99::2/64")
            run, address = running(made, "--nic", f"net=tap:{TAP}", *boot, prefix=inside), "fd99::2"
        run.said("listening on port 7007")
        for program, said in ((ECHO6, "hello"), (PING6, "alive")):
            done = subprocess.run(
                [*inside, sys.executable, "-c", program, address],
                check=True,
                capture_output=True,
                text=True,
            )
            assert done.stdout.strip() == said
        run.said("connection from fd99::1")
        assert run.interrupt() == 130


def test_a_mocked_clock_takes_no_time(project: MakeProject) -> None:
    made = project("clock").built("-t", "unix", "--mock=true")
    times = []
    for _ in range(3):
        began = time.monotonic()
        made.ok("run")
        times.append(time.monotonic() - began)
    assert min(times) < 4


def test_every_example_is_in_the_table_and_links_lead_somewhere() -> None:
    text = (EXAMPLES / "README.md").read_text()
    linked = set(re.findall(r"\]\(([^)/#:]+)\)", text))
    there = {path.parent.name for path in EXAMPLES.glob("*/config.py")}
    assert linked == there, linked ^ there
    for target in re.findall(r"\]\((\.\.[^)#:]+)\)", text):
        assert (ROOT / "examples" / target).exists()

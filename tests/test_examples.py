"""Every example is built and run, on every target, as its README says."""

from __future__ import annotations

import json
import socket
import urllib.request
from typing import Any

import pytest

from fata.qemu.wait import HttpReply, wait_http
from tests.conftest import MakeProject, StartRun

pytestmark = pytest.mark.e2e

KERNELS = ["tiny", "debian"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post(port: int, path: str, value: object) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=json.dumps(value).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        return reply.status, json.load(reply)


def check_website(reply: HttpReply) -> None:
    assert reply.status == 200
    assert b"<h1>It works</h1>" in reply.body


def check_notes(port: int) -> None:
    assert wait_http(port, "/", 120).status == 200
    assert post(port, "/notes", {"text": "one"}) == (201, {"text": "one"})
    assert json.loads(wait_http(port, "/notes", 30).body) == [{"text": "one"}]
    assert json.loads(wait_http(port, "/up", 30).body)["seconds"] >= 0


def check_echo(port: int) -> None:
    wait = 120.0
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(b"hello, " * 10_000)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received == b"hello, " * 10_000


@pytest.mark.parametrize("kernel", KERNELS)
def test_hello_logs_four_lines_and_ends_with_0(project: MakeProject, kernel: str) -> None:
    hello = project("hello").built("--kernel", kernel)
    result = hello.ok("run")
    lines = [line for line in result.out.splitlines() if " info hello: " in line]
    assert [line.rpartition(": ")[2] for line in lines] == [f"hello {n} of 4" for n in (1, 2, 3, 4)]
    assert "exit code 0: finished" in result.err
    assert "Kernel panic" not in result.out


def test_hello_as_a_process(project: MakeProject) -> None:
    result = project("hello").built("-t", "unix").ok("run")
    assert result.out.count(" info hello: ") == 4


@pytest.mark.parametrize(
    ("kernel", "machine"), [("tiny", "microvm"), ("tiny", "q35"), ("debian", "q35")]
)
def test_the_website_answers(
    project: MakeProject, running: StartRun, kernel: str, machine: str
) -> None:
    website = project("website").built("--kernel", kernel)
    run = running(website, "-p", "0:80", "--machine", machine)
    port = run.port(80)
    check_website(wait_http(port, "/", 120))
    assert wait_http(port, "/style.css", 30).status == 200
    assert wait_http(port, "/nothing", 30).status == 404
    assert run.interrupt() == 130


def test_the_website_as_a_process(project: MakeProject, running: StartRun) -> None:
    port = free_port()
    run = running(project("website").built("-t", "unix"), "--", f"--port={port}")
    check_website(wait_http(port, "/", 30))
    assert run.interrupt() == 130


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_api_answers(project: MakeProject, running: StartRun, kernel: str) -> None:
    run = running(project("asgi").built("--kernel", kernel), "-p", "0:80")
    check_notes(run.port(80))
    assert run.interrupt() == 130


def test_the_api_as_a_process(project: MakeProject, running: StartRun) -> None:
    port = free_port()
    run = running(project("asgi").built("-t", "unix"), "--", f"--port={port}")
    check_notes(port)
    assert run.interrupt() == 130


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_echo_answers(project: MakeProject, running: StartRun, kernel: str) -> None:
    run = running(project("echo").built("--kernel", kernel), "-p", "0:7007")
    port = run.port(7007)
    run.said("listening on port 7007")
    check_echo(port)
    assert run.interrupt() == 130


def test_the_echo_as_a_process(project: MakeProject, running: StartRun) -> None:
    port = free_port()
    run = running(project("echo").built("-t", "unix"), "--", f"--port={port}")
    run.said(f"listening on port {port}")
    check_echo(port)
    assert run.interrupt() == 130


def test_a_guest_gets_its_address_by_dhcp(project: MakeProject, running: StartRun) -> None:
    run = running(project("website").built(), "-p", "0:80", "--", "--ipv4=dhcp")
    check_website(wait_http(run.port(80), "/", 120))
    run.said(r"10\.0\.2\.15/24")

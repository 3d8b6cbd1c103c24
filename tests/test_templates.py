"""What `fata new` begins: each template configures, builds and does its work on both targets."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fata.new import TEMPLATES
from fata.qemu.wait import wait_http
from tests.conftest import MakeProject, Project, StartRun
from tests.namespaces import BRIDGE, TAP, lan
from tests.test_examples import free_port

TARGETS = ["unix", "virtio"]


def begun(directory: Path, template: str, name: str = "my-own") -> Project:
    Project(directory).ok("new", name, "--template", template)
    return Project(directory / name)


def tool(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"no {name}: install the package {package} (Debian, Ubuntu)")
    return found


@pytest.mark.parametrize("name", ["1st", "-x", "a b", "a/b!", "a.b", ""])
def test_a_name_that_no_program_can_have_is_refused(tmp_path: Path, name: str) -> None:
    result = Project(tmp_path).fata("new", "--", name)
    assert result.code == 2
    assert "cannot be the name of a program" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_template_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    result = Project(tmp_path).fata("new", "mine", "--template", "wsig")
    assert result.code == 2
    assert "error: " in result.err
    assert all(f"'{name}'" in result.err or f"`{name}`" in result.err for name in TEMPLATES)


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.py").write_text("# precious\n")
    result = Project(tmp_path).fata("new", "mine")
    assert result.code == 1
    assert "is there already, and is not empty" in result.err
    assert (tmp_path / "mine" / "config.py").read_text() == "# precious\n"


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_project_is_small_and_tidy(tmp_path: Path, template: str) -> None:
    made = begun(tmp_path, template)
    files = sorted(path for path in made.directory.rglob("*") if path.is_file())
    assert len(files) <= 5
    text = {path.name: path.read_text() for path in files}
    assert 'register("my-own", ' in text["config.py"]
    assert "@NAME@" not in "".join(text.values())
    assert text[".gitignore"].split() == ["_fata/", "dist/", "__pycache__/"]
    for name, content in text.items():
        assert name == "config.py" or not name.endswith(".py") or content.startswith('"""')
        assert content.count("\n") <= 110, name
    ruff = [str(Path(sys.executable).parent / "ruff"), "--isolated", "--quiet"]
    for words in (["check", "--select=B,E,F,SIM,UP"], ["format", "--check"]):
        subprocess.run([*ruff, *words, "--line-length=100", made.directory], check=True)


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("template", ["asgi", "wsgi", "site", "tcp"])
def test_servers(tmp_path: Path, running: StartRun, template: str, target: str) -> None:
    made = begun(tmp_path, template).built("-t", target)
    guest = 7007 if template == "tcp" else 80
    if target == "unix":
        port = free_port()
        run = running(made, "--", f"--port={port}")
    else:
        run = running(made, "-p", f"0:{guest}")
        port = run.port(guest)
    if template == "tcp":
        run.said("listening on port")
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"hello\n")
            assert connection.recv(100) == b"HELLO\n"
    elif template == "site":
        assert b"<h1>my-own</h1>" in wait_http(port, "/", 120).body
    else:
        reply = wait_http(port, "/?name=reader", 120)
        assert json.loads(reply.body) == {"hello": "reader"}
    assert run.interrupt() == 130


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_job(tmp_path: Path, target: str) -> None:
    result = begun(tmp_path, "job").built("-t", target).ok("run")
    assert "info my-own: hello, world" in result.out


# A question, and what of the answer is to be seen: status, flags, records, section by section.
QUESTIONS = [
    ("example.org A", "NOERROR", "qr aa", ["example.org. 3600 IN A 192.0.2.10"], []),
    (
        "www.example.org AAAA",
        "NOERROR",
        "qr aa",
        [
            "www.example.org. 3600 IN CNAME example.org.",
            "example.org. 3600 IN AAAA 2001:db8::10",
        ],
        [],
    ),
    ("WWW.Example.ORG CNAME", "NOERROR", "qr aa", ["CNAME example.org."], []),
    ("example.org MX", "NOERROR", "qr aa", ["MX 10 mail.example.org."], []),
    ("example.org TXT", "NOERROR", "qr aa", ['TXT "v=spf1 mx -all"'], []),
    ("example.org ANY", "NOERROR", "qr aa", ["SOA ns1.example.org. hostmaster"], []),
    ("a.b.dev.example.org A", "NOERROR", "qr aa", ["a.b.dev.example.org. 3600 IN A"], []),
    ("dev.example.org A", "NOERROR", "qr aa", [], ["example.org. 300 IN SOA"]),
    ("mail.example.org AAAA", "NOERROR", "qr aa", [], ["example.org. 300 IN SOA"]),
    ("nowhere.example.org A", "NXDOMAIN", "qr aa", [], ["example.org. 300 IN SOA"]),
    ("host.lab.example.org A", "NOERROR", "qr", [], ["lab.example.org. 3600 IN NS ns.lab"]),
    ("example.com A", "REFUSED", "qr", [], []),
    ("notexample.org A", "REFUSED", "qr", [], []),
]


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_dns(tmp_path: Path, running: StartRun, target: str) -> None:
    made = begun(tmp_path, "dns")
    zone = made.directory / "zone" / "example.org.zone"
    many = "".join(f"many IN TXT {'x' * 200}{number}\n" for number in range(20))
    zone.write_text(zone.read_text() + many)
    made.built("-t", target)
    port = free_port()
    if target == "unix":
        run = running(made, "--", f"--port={port}")
    else:
        run = running(made, "-p", f"{port}:53", "-p", f"{port}:53/udp")
    run.said("answering for example.org. on port")

    def dig(*words: str) -> str:
        command = [tool("dig", "bind9-dnsutils"), "@127.0.0.1", "-p", str(port), "+norec", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return re.sub(r"[ \t]+", " ", done.stdout)

    for transport in ("+notcp", "+tcp"):
        for question, status, flags, answers, authority in QUESTIONS:
            said = dig(transport, *question.split())
            assert f"status: {status}," in said, said
            assert f"flags: {flags};" in said, said
            assert f"ANSWER: {len(answers)}," in said, said
            assert all(record in said for record in (*answers, *authority)), said
    assert "ns.lab.example.org. 3600 IN A 192.0.2.99" in dig("x.lab.example.org")  # glue
    assert "flags: qr aa tc;" in dig("many.example.org", "TXT", "+ignore")
    assert "flags: qr aa tc;" in dig("many.example.org", "TXT", "+ignore", "+noedns")
    assert "ANSWER: 20," in dig("many.example.org", "TXT")  # which asks again over TCP
    assert "status: NOTIMP" in dig("+opcode=notify", "example.org")
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(b"\x00\x05hello")
        assert connection.recv(10) == b""
    assert run.interrupt() == 130


CLIENT = """\
#!/bin/sh
[ "$1" = bound ] && env | grep -E '^(ip|mask|router|dns|lease|serverid)=' | sort
exit 0
"""


@pytest.mark.e2e
@pytest.mark.parametrize("target", TARGETS)
def test_dhcp(tmp_path: Path, running: StartRun, target: str) -> None:
    made = begun(tmp_path, "dhcp")
    server = made.directory / "server.py"
    kept = '{"52:54:00:00:00:07": "10.88.0.7"}'
    server.write_text(server.read_text().replace("dict[str, str] = {}", f"dict[str, str] = {kept}"))
    made.built("-t", target)
    script = tmp_path / "client"
    script.write_text(CLIENT)
    script.chmod(0o755)
    boot = ["--range=10.88.0.100-10.88.0.101", "--lease=10m", "--routers=10.88.0.1"]
    boot.append("--name-servers=10.88.0.1,9.9.9.9")
    bridge = ["10.88.0.1/24"] if target == "unix" else []

    with lan(*bridge) as net:
        if target == "unix":
            run = running(made, "--", f"--interface={BRIDGE}", *boot, prefix=net.inside)
        else:
            arguments = ("--nic", f"net=tap:{TAP}", "--", "--ipv4=10.88.0.1/24", *boot)
            run = running(made, *arguments, prefix=net.inside)
        run.said("info dhcp: serving on")
        udhcpc = [tool("udhcpc", "udhcpc"), "-i", "eth0", "-f", "-n", "-q", "-s", str(script)]

        def leased(mac: str, *options: str) -> subprocess.CompletedProcess[str]:
            command = [*net.machine(mac), *udhcpc, *options]
            return subprocess.run(command, capture_output=True, text=True, timeout=240)  # noqa: PLW1510

        first = leased("52:54:00:00:01:01")
        assert first.stdout.split("\n") == [
            "dns=10.88.0.1 9.9.9.9",
            "ip=10.88.0.100",
            "lease=600",
            "mask=24",
            "router=10.88.0.1",
            "serverid=10.88.0.1",
            "",
        ], first.stderr
        assert "ip=10.88.0.7\n" in leased("52:54:00:00:00:07").stdout
        assert "ip=10.88.0.101\n" in leased("52:54:00:00:01:02").stdout
        none_left = leased("52:54:00:00:01:03", "-t", "2", "-T", "1")
        assert none_left.returncode == 1
        run.said("no address is left for 52:54:00:00:01:03")
        run.said(r"10\.88\.0\.100 is leased to 52:54:00:00:01:01 for 600 s")
        assert run.interrupt() == 130


@pytest.mark.e2e
def test_dhcp_where_it_has_no_address_says_what_to_do(project: MakeProject, tmp_path: Path) -> None:
    made = begun(tmp_path, "dhcp").built("-t", "unix")
    result = made.fata("run", "--", "--interface=nowhere0")
    assert result.code == 64
    assert "the interface `nowhere0` has no IPv4 address" in result.err
    assert "--ipv4=10.0.0.1/24" in result.err

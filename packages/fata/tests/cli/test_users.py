"""`fata host allow`, `disallow`, `users` and `fata audit`, with a host that answers here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from fata.cli.entry import run
from fata.deploy.audit import Audit, Entry, Result
from fata.deploy.audit import requests as audits
from fata.deploy.policy import load, requests
from fata.host.destination import Destination


class Host:
    """A host: its directory, and how it answers."""

    def __init__(self, room: Path) -> None:
        self.root = room / "root"
        self.root.mkdir()
        self.home = room / "home"

    def call(
        self,
        host: Destination,
        verb: str,
        request: Mapping[str, object],
        report: Callable[[str], None] = print,
    ) -> Mapping[str, object]:
        assert host.name == "root@box"
        travelled = {"by": "me", **json.loads(json.dumps(request))}
        if verb == "audit":
            answer = audits.handle(self.root, travelled)
        else:
            assert verb == "policy"
            answer = requests.handle(self.root, travelled, self.home)
        told: dict[str, object] = json.loads(json.dumps(answer))
        return told


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    client = ModuleType("fata.deploy.client")
    client.call = made.call  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fata.deploy.client", client)
    return made


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "alice"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "secret note", "-f", str(file)]
    subprocess.run(command, check=True)
    return f"{file}.pub"


TO = ("--to", "root@box")
Captured = pytest.CaptureFixture[str]


def test_from_being_let_in_to_being_shut_out(host: Host, key: str, capsys: Captured) -> None:
    words = ["--app", "website", "--app", "shop-*", "--env", "staging", "--may", "deploy"]
    limits = ["--memory", "1GiB", "--guests", "4", "--ports", "80", "--ports", "8000-8999"]
    assert run(["host", "allow", "alice", key, *TO, *words, *limits]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "alice comes in with SHA256:" in said.err
    assert "alice may deploy: website shop-* in staging" in said.err
    assert "ports 80 8000-8999 at most" in said.err
    assert "secret note" not in (host.home / ".ssh" / "authorized_keys").read_text()
    assert load(host.root).users["alice"].memory == 1024
    assert run(["host", "allow", "alice", key, *TO]) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert run(["host", "users", *TO]) == 0
    assert capsys.readouterr().out == (
        "USER   APPS                       MAY     AT MOST\n"
        "alice  website shop-* in staging  deploy  guests 4, memory 1GiB, ports 80 8000-8999\n"
    )
    assert run(["host", "users", "--json", *TO]) == 0
    assert json.loads(capsys.readouterr().out)["users"][0]["cpus"] is None
    assert run(["host", "disallow", "alice", *TO]) == 0
    assert run(["host", "users", *TO]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "root@box has no users but its administrators" in said.err


def test_what_is_refused(host: Host, key: str, tmp_path: Path, capsys: Captured) -> None:
    for words, code, what in (
        (["alice", key, *TO], 1, "not said which apps alice may deploy"),
        (["root", key, *TO, "--app", "x"], 1, "`root` administers the host"),
        (["alice", key.removesuffix(".pub"), *TO, "--app", "x"], 1, "this is a private key"),
        (["alice", str(tmp_path / "none"), *TO, "--app", "x"], 2, "cannot be read: no such file"),
        (["alice", key, *TO, "--app", "x", "--may", "fly"], 1, "`fly` is not one of"),
        (["alice", key, "--app", "x"], 2, "--to"),
    ):
        assert run(["host", "allow", *words]) == code
        assert what in capsys.readouterr().err
    assert not host.home.exists()


def test_the_log(host: Host, capsys: Captured) -> None:
    assert run(["audit", *TO]) == 0
    assert "nothing was asked of it yet" in capsys.readouterr().err
    audit = Audit(host.root, clock=lambda: 1_800_000_000.0)
    deploy = Entry("alice", "deploy", "website", "production", address="10.0.0.9")
    with audit.recorded(deploy):
        pass
    secret = {"action": "set", "name": "api-key", "value": "hunter2"}
    audit.append(Entry("root", "secrets", "website", "staging", generation=7, request=secret))
    audit.append(Entry("bob", "session sh", result=Result.REFUSED, why="bob has no shell"))
    assert run(["audit", *TO]) == 0
    assert capsys.readouterr().out == (
        "NUMBER  AT (UTC)             WHO    FROM      WHAT                                    "
        "RESULT\n"
        "1       2027-01-15 08:00:00  alice  10.0.0.9  deploy website.production               "
        "done\n"
        "3       2027-01-15 08:00:00  root   -         secrets set website.staging.g7 api-key  "
        "done\n"
        "4       2027-01-15 08:00:00  bob    -         session sh                              "
        "refused  bob has no shell\n"
    )
    assert run(["audit", "-n", "1", "--before", "4", "--json", *TO]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [entry["number"] for entry in answer["entries"]] == [3]
    log = host.root / "audit.log"
    log.write_text(log.read_text().replace("website", "websitf", 1))
    assert run(["audit", *TO]) == 1
    said = capsys.readouterr()
    assert "websitf" in said.out
    assert "the log is not as it was written" in said.err
    assert "audit.log:2 on root@box" in said.err

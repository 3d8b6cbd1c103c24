"""`fata secrets` and `fata prune`, with a host whose agent answers in this process."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import click
import pytest

from fata.cli.entry import run
from fata.deploy.secrets.requests import handle
from fata.deploy.secrets.vault import Vault
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.prune import prune
from fata.host.destination import Destination
from functoria import UserError


@dataclass
class Host:
    """A host: what was asked of it, as it travelled, and its answers."""

    root: Path
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def call(
        self, host: Destination, verb: str, request: Mapping[str, object]
    ) -> Mapping[str, object]:
        text = json.dumps({"by": "alice@desk", **request})  # as the client says with each request
        self.asked.append((host.name, verb, text))
        if verb == "prune":
            dry_run = bool(request["dry_run"])
            answer = prune(self.root / "store", set(), dry_run=dry_run, now=time.time())
        else:
            assert verb == "secrets"
            answer = handle(self.root, json.loads(text))
        told: dict[str, object] = json.loads(json.dumps(answer))
        return told


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path / "host")
    client = ModuleType("fata.deploy.client")
    client.call = made.call  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fata.deploy.client", client)
    project = tmp_path / "project"
    project.mkdir()
    (project / "config.py").write_text("from fata.dsl import *\nregister('website', main('x:y'))\n")
    monkeypatch.chdir(project)
    return made


Type = Callable[[bytes], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """`typed(b"...")` is what comes on standard input, from a pipe."""

    def put(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def values(host: Host, app: str = "website", environment: str = "production") -> bytes:
    return Vault(host.root).disk(app, environment, ())


def test_a_value_from_a_pipe(host: Host, typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    typed(b"hunter2\n")
    assert run(["secrets", "set", "api-key", "--to", "root@box"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "`api-key` is set for `website` in `production`, in version 1" in said.err
    assert "run `fata restart`" in said.err
    assert "hunter2" not in said.err
    assert [asked[:2] for asked in host.asked] == [("root@box", "secrets")]
    assert b"hunter2\0" in values(host), "the line feed of `echo` is not part of it"
    assert run(["secrets", "list", "--to", "root@box"]) == 0
    said = capsys.readouterr()
    assert re.fullmatch(r"api-key  v1  \d{4}-\d\d-\d\d \d\d:\d\d UTC  alice@desk\n", said.out)
    assert run(["secrets", "rm", "api-key", "--to", "root@box"]) == 0
    assert run(["secrets", "list", "--to", "root@box"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "`website` in `production` has no secrets" in said.err


def test_a_value_from_a_file_is_what_it_is(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(b"\x00\xff key\n\n")
    assert run(["secrets", "set", "tls.pem", "--from", str(file), "--to", "box"]) == 0
    assert b"\x00\xff key\n\n" in values(host)
    file.unlink()
    assert run(["secrets", "set", "tls.pem", "--from", str(file), "--to", "box"]) == 2
    assert "the value cannot be read: no such file" in capsys.readouterr().err


def test_a_value_at_the_terminal_is_not_shown(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    said: list[tuple[str, object]] = []

    def prompt(text: str, **options: object) -> str:
        said.append((text, options["hide_input"]))
        return "hunter2"

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(click, "prompt", prompt)
    assert run(["secrets", "set", "api-key", "--to", "box"]) == 0
    assert said == [("Value of api-key", True)]
    assert b"hunter2" in values(host)


def test_what_cannot_be_a_value_or_a_name_does_not_travel(
    host: Host, typed: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(b"\n")
    assert run(["secrets", "set", "api-key", "--to", "box"]) == 2
    typed(bytes((1 << 20) + 1))
    assert run(["secrets", "set", "api-key", "--to", "box"]) == 2
    typed(b"value")
    assert run(["secrets", "set", "../key", "--to", "box"]) == 2
    said = capsys.readouterr().err
    assert "the value of `api-key` is empty" in said
    assert "1048577 bytes, of 1048576 at most" in said
    assert "'../key' cannot be the name of a secret" in said
    assert host.asked == []


def test_where_it_is_the_project_says(host: Host, typed: Type, tmp_path: Path) -> None:
    (tmp_path / "project" / "fata.toml").write_text(
        'app = "shop"\n[environments.staging]\nhost = "deploy@staging.example"\n'
    )
    typed(b"value")
    assert run(["secrets", "set", "api-key", "--env", "staging"]) == 0
    assert host.asked[0][0] == "deploy@staging.example"
    assert b"value" in values(host, "shop", "staging")
    typed(b"other")
    assert run(["secrets", "set", "api-key", "--env", "old", "--app", "web", "--to", "box"]) == 0
    assert b"other" in values(host, "web", "old")


def test_where_nobody_says_it(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["secrets", "list"]) == 2
    assert "it is not said which host `production` is on" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert run(["secrets", "list", "--to", "box"]) == 2
    assert "it is not said which app is meant" in capsys.readouterr().err
    assert run(["secrets", "list", "--to", "box", "--app", "website", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"secrets": [], "version": 0}
    assert run(["secrets", "list", "--to", "-oProxyCommand=x"]) == 2
    assert run(["secrets", "list", "--to", "box", "--app", "../x"]) == 2
    assert "cannot be the name of an app" in capsys.readouterr().err


@pytest.mark.parametrize(
    "secrets", [[{"name": "a"}], [7], [{"name": "a", "version": "x", "set": 1, "by": "b"}]]
)
def test_an_answer_that_is_none(
    host: Host,
    secrets: list[object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys.modules["fata.deploy.client"], "call", lambda *_: {"secrets": secrets, "version": 1}
    )
    assert run(["secrets", "list", "--to", "box"]) == 1
    assert "cannot be understood" in capsys.readouterr().err


def test_what_the_host_refuses(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError):
        handle(host.root, {})
    assert run(["secrets", "rm", "api-key", "--to", "box"]) == 1
    said = capsys.readouterr().err
    assert "`website` has no secret `api-key` in `production`" in said
    assert "it has none at all" in said


def test_prune_shows_and_then_removes(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    blobs = Blobs(host.root / "store")
    old = blobs.put(b"x" * 2000, "kernel-1")
    os.utime(blobs.path(old.digest), (1.0, 1.0))
    assert run(["prune", "--to", "box", "--dry-run"]) == 0
    said = capsys.readouterr()
    line = f"  2.0 kB  blobs/{old.digest}: no release that is live or kept needs it\n"
    assert said.out == line
    assert "1 file would be removed, 2.0 kB" in said.err
    assert blobs.verify(old)
    assert run(["prune", "--to", "box"]) == 0
    said = capsys.readouterr()
    assert said.out == line
    assert "1 file removed" in said.err
    assert run(["prune", "--to", "box", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"bytes": 0, "dry_run": False, "removed": []}
    assert run(["prune", "--to", "box"]) == 0
    assert "nothing to remove" in capsys.readouterr().err

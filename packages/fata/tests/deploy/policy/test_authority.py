"""Requests to the agent: who may make them, and what the log has of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.deploy.audit import Audit, Result
from fata.deploy.policy.authority import authorized
from functoria import UserError

POLICY = """\
[users.alice]
apps = ["website"]
environments = ["staging"]
"""
ALICE = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22"}
STAGING = {"app": "website", "environment": "staging"}
Logged = tuple[str, str, str | None, str | None, Result]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text(POLICY)
    return tmp_path


def log(root: Path) -> list[Logged]:
    return [
        (entry.who, entry.verb, entry.app, entry.environment, entry.result)
        for entry in Audit(root).read()
    ]


def test_what_is_carried_out_is_written_down_ahead_of_it(root: Path) -> None:
    request = {**STAGING, "manifest": "ab" * 32, "arguments": ["--key=hunter2"], "memory": 64}
    with authorized(root, "deploy", request, "alice", ALICE):
        assert log(root) == [("alice", "deploy", "website", "staging", Result.BEGUN)]
    assert log(root) == [("alice", "deploy", "website", "staging", Result.DONE)]
    (entry,) = Audit(root).read()
    assert (entry.digest, entry.address) == ("ab" * 32, "10.0.0.9")
    assert entry.request == {**STAGING, "memory": 64}


@pytest.mark.parametrize(
    ("verb", "request_", "what"),
    [
        ("deploy", {"app": "other", "environment": "staging"}, "`other` is no app of alice"),
        ("deploy", {"app": "website"}, "`production` is no environment of alice"),
        ("status", {"app": "other"}, "`other` is no app of alice"),
        ("console", {"app": "website", "environment": "x"}, "`x` is no environment of alice"),
        ("deploy", {"app": 5, "environment": "staging"}, "`` is no app of alice"),
        ("deploy", {"app": "website", "environment": ""}, "`` is no environment of alice"),
        ("deploy", {"app": "website", "environment": ["staging"]}, "`` is no environment"),
        ("remove", STAGING, "alice may not remove apps"),
        ("policy", {"action": "list"}, "`policy` is for administrators"),
        ("audit", {}, "`audit` is for administrators"),
        ("prune", {"dry_run": True}, "`prune` is for administrators"),
    ],
)
def test_what_is_refused_has_no_effect_and_is_written_down(
    root: Path, verb: str, request_: dict[str, object], what: str
) -> None:
    done: list[str] = []
    with pytest.raises(UserError, match=what), authorized(root, verb, request_, "alice", {}):
        done.append(verb)
    assert done == []
    (entry,) = Audit(root).read()
    assert (entry.who, entry.verb, entry.result) == ("alice", verb, Result.REFUSED)
    with authorized(root, verb, request_, None, {}):
        done.append(verb)
    assert done == [verb]


def test_looking_leaves_no_trace(root: Path) -> None:
    for verb in ("hello", "status", "history", "samples"):
        with authorized(root, verb, STAGING, "alice", {}) as policy:
            assert policy.sees("alice", "website", "staging")
    assert log(root) == []


def test_a_failure_is_written_down(root: Path) -> None:
    with (
        pytest.raises(UserError),
        authorized(root, "rollback", {**STAGING, "generation": 3}, "alice", {}),
    ):
        raise UserError("there is no such generation", None, "see `fata history`")
    (entry,) = Audit(root).read()
    assert (entry.generation, entry.result) == (3, Result.FAILED)
    assert entry.why == "there is no such generation"


def test_on_a_full_disk_nothing_is_done(root: Path) -> None:
    (root / "audit.log").mkdir()
    done: list[str] = []
    with (
        pytest.raises(UserError, match="cannot be written down"),
        authorized(root, "stop", STAGING, None, {}),
    ):
        done.append("stop")
    assert done == []

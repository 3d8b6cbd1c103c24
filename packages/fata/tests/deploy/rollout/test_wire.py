"""What agent and client tell each other, when they are of different versions or tell nonsense."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fata.deploy.agent import dispatch, requests
from fata.deploy.agent.deployment import request_of
from fata.deploy.agent.verbs import VERBS
from fata.deploy.agent.wire import Listener, read_request
from fata.deploy.host import Host
from fata.settings import Environment
from functoria.error import UsageError, UserError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KINDS = [
    requests.Deployment,
    requests.About,
    requests.Reading,
    requests.Asking,
    requests.Pruning,
]
NAMES = sorted({field for kind in KINDS for field in kind.__dataclass_fields__})
REQUESTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=6)


def understood(ask: Callable[[], object]) -> object:
    """What was understood; an empty request where it was refused."""
    try:
        return ask()
    except UserError:
        return {}


@given(data=st.binary(max_size=200) | REQUESTS.map(lambda one: json.dumps(one).encode()))
def test_a_request_is_understood_or_refused(data: bytes) -> None:
    assert isinstance(understood(lambda: read_request(io.BytesIO(data))), Mapping)


def test_nesting_without_end_is_refused() -> None:
    for nested in (b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(UserError, match="cannot be understood"):
            read_request(io.BytesIO(nested))
        assert Listener().hear(nested.decode()) is None


@given(request=REQUESTS, kind=st.sampled_from(KINDS))
def test_a_request_is_a_value_or_refused(request: dict[str, object], kind: type) -> None:
    assert isinstance(understood(lambda: requests.read(request, kind)), (kind, dict))


@given(line=st.text(max_size=100) | st.dictionaries(
    st.sampled_from(["say", "answer", "error", "new"]),
    JSON | st.fixed_dictionaries({"what": JSON, "where": JSON, "do": JSON, "usage": JSON}),
).map(json.dumps))  # fmt: skip
def test_whatever_an_agent_says_a_client_is_not_harmed(line: str) -> None:
    listener = Listener()
    shown = listener.hear(line)
    assert shown is None or all(char.isprintable() or char == "\t" for char in shown)
    if listener.error is not None:
        assert all(char.isprintable() or char == "\t" for char in str(listener.error.what))


def test_what_a_newer_one_adds_is_not_minded() -> None:
    """A newer client asks an older agent by way of the gate, and the other way round."""
    asked = {"app": "web", "manifest": "0" * 64, "invented": {"later": 1}}
    assert requests.read(asked, requests.Deployment).app == "web"
    listener = Listener()
    assert listener.hear('{"say": "on the way", "percent": 12}') == "on the way"
    assert listener.hear('{"progress": 13}') is None
    assert listener.hear('{"answer": {"guest": "g", "later": 1}, "took": 2}') is None
    assert listener.answer == {"guest": "g", "later": 1}
    listener.hear('{"error": {"what": "no", "do": "yes", "code": 9, "usage": true}}')
    assert isinstance(listener.error, UsageError)


def test_what_fata_toml_can_say_is_a_request() -> None:
    plain = request_of("web", Environment("production"), "0" * 64, None)
    assert requests.read(plain, requests.Deployment).app == "web"


@pytest.mark.parametrize(
    "field",
    [
        {"health": {"kind": "http", "port": 80, "interval": -1.0}},
        {"health": {"kind": "http", "port": 80, "successes": 0}},
        {"health": {"kind": "http", "port": 80, "deadline": 1e12}},
        {"health": {"kind": "http"}},
        {"ports": [{"host": 0, "guest": 80}]},
        {"ports": [{"host": 70000, "guest": 80}]},
        {"memory": -1},
        {"cpus": 0},
        {"keep": -1},
        {"wait": -1.0},
        {"limits": {"cpu": 0.0}},
    ],
)
def test_what_no_fata_toml_says_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="cannot be understood"):
        requests.read({"app": "web", "manifest": "0" * 64, **field}, requests.Deployment)


@given(verb=st.sampled_from(sorted(VERBS)) | st.text(max_size=8), request=REQUESTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_agent_answers_each_request_or_says_what_is_wrong_with_it(
    host: Host, tmp_path: Path, verb: str, request: dict[str, object]
) -> None:
    """Nothing that is asked makes it break down."""
    if verb in dispatch.CHANGING or request.get("follow") is True:
        request = {**request, "app": "unknown"}

    def opened(_root: Path) -> Host:
        from .stub import stub_host

        return stub_host(host.root)

    out = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fata.deploy.agent.supervisor.ensure", lambda _root: None)
        patch.setenv("HOME", str(tmp_path))
        code = dispatch.run(
            verb, (), host.root, None, io.BytesIO(msgspec.json.encode(request)), out, opened
        )
    last = json.loads(out.getvalue().splitlines()[-1])
    assert code in (0, 1, 2)
    assert set(last) == {"error" if code else "answer"}
    assert "the agent made a mistake" not in str(last), last

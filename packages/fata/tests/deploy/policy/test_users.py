"""`fata host allow` and `disallow` on the host: authorized_keys and policy.toml."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.policy import load, parse
from fata.deploy.policy.edit import with_user, without_user
from fata.deploy.policy.keys import gated, parse_keys, with_keys
from fata.deploy.policy.requests import handle
from functoria import UserError

MakeKey = Callable[..., Path]
ROOT = Path("/var/lib/fata")


class Host:
    """A host, and what is asked of it as it travels."""

    def __init__(self, room: Path) -> None:
        self.root = room / "root"
        self.home = room / "home"
        self.root.mkdir()
        self.home.mkdir()
        self.keys = self.home / ".ssh" / "authorized_keys"

    def asked(self, action: str, **more: object) -> dict[str, object]:
        request = json.loads(json.dumps({"action": action, **more}))
        answer: dict[str, object] = json.loads(json.dumps(handle(self.root, request, self.home)))
        return answer

    def users(self) -> list[str]:
        users = self.asked("list")["users"]
        assert isinstance(users, list)
        return [user["name"] for user in users]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text()


def test_a_user_is_let_in_and_shut_out(host: Host, make_key: MakeKey) -> None:
    key = public(make_key("alice"))
    answer = host.asked("allow", name="alice", keys=key, apps=["website"], memory="1GiB")
    assert answer["changed"] is True
    kind, data = key.split()[:2]
    program = f"{host.root}/bin/fata agent --root {host.root}"
    line = f'restrict,command="{program} gate alice" {kind} {data} alice\n'
    assert host.keys.read_text() == line
    assert stat.S_IMODE(host.keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(host.keys.parent.stat().st_mode) == 0o700
    text = '[users.alice]\napps = ["website"]\nmemory = "1GiB"\n'
    assert (host.root / "policy.toml").read_text() == text
    file = host.home / "alice.pub"
    file.write_text(key)
    shown = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, check=True)
    (user,) = host.asked("list")["users"]  # type: ignore[misc]
    assert user["keys"] == [shown.stdout.decode().split()[1]]
    assert user["memory"] == "1GiB"
    again = host.asked("allow", name="alice", keys=key, apps=["website"], memory="1GiB")
    assert again["changed"] is False
    host.asked("disallow", name="alice")
    assert host.keys.read_text() == ""
    assert host.users() == []
    with pytest.raises(UserError, match="alice is no user of this host"):
        host.asked("disallow", name="alice")


def test_a_user_who_gets_other_keys_keeps_the_rest(host: Host, make_key: MakeKey) -> None:
    host.asked("allow", name="alice", keys=public(make_key("one")), apps=["website"], guests=2)
    two = public(make_key("two")) + "# at home\n" + public(make_key("three", "rsa"))
    host.asked("allow", name="alice", keys=two)
    assert len(gated(host.keys.read_text(), host.root)) == 2
    assert load(host.root).users["alice"].guests == 2
    host.asked("allow", name="alice", keys=two, apps=["*"])
    assert load(host.root).users["alice"].guests is None


def test_what_others_wrote_stays(host: Host, make_key: MakeKey) -> None:
    host.keys.parent.mkdir()
    own = '# mine\nssh-ed25519 AAAAxyz root@\xff laptop\n\nfrom="10.0.0.1" ssh-rsa AAAA'.encode(
        "latin-1"
    )
    host.keys.write_bytes(own)
    policy = '# ours\nsignatures = "optional"\n\n# bob\n[users.bob]\napps = ["*"] # all\n'
    (host.root / "policy.toml").write_text(policy)
    host.asked("allow", name="alice", keys=public(make_key("alice")), apps=["website"])
    assert host.keys.read_bytes().startswith(own + b"\nrestrict,command=")
    assert host.users() == ["alice", "bob"]
    assert (host.root / "policy.toml").read_text() == (
        f'{policy}\n[users.alice]\napps = ["website"]\n'
    )
    host.asked("disallow", name="alice")
    assert host.keys.read_bytes() == own + b"\n"
    assert (host.root / "policy.toml").read_text() == policy


def test_a_key_opens_one_thing(host: Host, make_key: MakeKey) -> None:
    key = public(make_key("alice"))
    host.asked("allow", name="alice", keys=key, apps=["website"])
    with pytest.raises(UserError, match="is that of alice"):
        host.asked("allow", name="bob", keys=key, apps=["website"])
    administrator = public(make_key("admin"))
    before = host.keys.read_text() + administrator
    host.keys.write_text(before)
    with pytest.raises(UserError, match="already logs in to this host without the gate"):
        host.asked("allow", name="bob", keys=administrator, apps=["website"])
    assert host.keys.read_text() == before
    assert host.users() == ["alice"]


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        ({"name": "root"}, "`root` administers the host"),
        ({"name": 'a" ssh'}, "cannot be a name"),
        ({"apps": None}, "not said which apps alice may deploy"),
        ({"apps": ["a b"]}, "stands for no name"),
        ({"may": ["prune"]}, "`prune` is not one of"),
        ({"guests": "many"}, "no request about users"),
        ({"action": "grant"}, "no request about users"),
        ({"keys": ""}, "there are 0 public keys"),
        ({"keys": "ssh-ed25519 AAAA"}, "is not a public key"),
        ({"keys": "ssh-dss AAAAB3NzaC1kc3MAAACBAOeB5fyBvTWJSGCNS5WHCLzL"}, "not a public key"),
        ({"keys": 'command="sh" ssh-ed25519 AAAA'}, "is not a public key"),
        ({"keys": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "this is a private key"),
    ],
)
def test_what_is_refused_changes_nothing(
    host: Host, make_key: MakeKey, request_: dict[str, object], what: str
) -> None:
    keys = public(make_key("alice"))
    request = {"action": "allow", "name": "alice", "keys": keys, "apps": ["x"], **request_}
    with pytest.raises(UserError, match=what):
        handle(host.root, request, host.home)
    assert not host.keys.exists()
    assert not (host.root / "policy.toml").exists()


def test_a_full_disk_lets_nobody_in(
    host: Host, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot be changed: no space left"):
        host.asked("allow", name="alice", keys=public(make_key("alice")), apps=["x"])
    assert not host.keys.exists()


HAND = [
    '[users]\nalice = {apps = ["x"]}\n',
    '[users]\nalice.apps = ["x"]\n',
    'users.alice.apps = ["x"]\n',
]


@pytest.mark.parametrize("text", HAND)
def test_what_cannot_be_changed_safely_is_left_to_people(text: str) -> None:
    for change in (
        lambda: with_user(text, "policy.toml", "alice", {"apps": ("y",)}),
        lambda: without_user(text, "policy.toml", "alice"),
    ):
        with pytest.raises(UserError, match="in a way that only you can change"):
            change()


NAMES = ["alice", "bob", "carol"]
BLOCKS = st.sampled_from(
    [
        '[users.alice]\napps = ["a"]\n',
        '[ users . bob ] # he\napps = [\n  "a",\n  "b",\n]\n',
        '[users."carol"]\n',
        "# a remark\n",
        "\n",
        "\r\n",
    ]
)


@given(st.lists(BLOCKS, max_size=6).map("".join), st.sampled_from(NAMES), st.integers(0, 9))
def test_a_change_of_one_user_changes_no_other(text: str, name: str, guests: int) -> None:
    try:
        before = parse(text.encode()).users
    except UserError:
        return  # twice the same table
    values = {"apps": ("x", "y-*"), "guests": guests}
    added = with_user(text, "policy.toml", name, values)
    after = parse(added.encode()).users
    assert (after[name].apps, after[name].guests) == (("x", "y-*"), guests)
    assert {**after, name: None} == {**before, name: None}
    assert with_user(added, "policy.toml", name, values) == added
    removed = without_user(added, "policy.toml", name)
    assert parse(removed.encode()).users == {
        other: user for other, user in before.items() if other != name
    }
    assert removed.count("# a remark") == text.count("# a remark")


@given(st.text(), st.sampled_from(NAMES))
def test_lines_of_others_stay_byte_for_byte(text: str, user: str) -> None:
    data = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
    (key,) = parse_keys(f"ssh-ed25519 {data} x", "x.pub")
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    added = with_keys(text, ROOT, user, (key,))
    assert added.startswith(ended)
    assert [one.user for one in gated(added, ROOT)] == [user]
    assert with_keys(added, ROOT, user, ()) == ended

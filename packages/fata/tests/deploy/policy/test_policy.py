"""`policy.toml`: what it says, what is wrong with it, and what it allows."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.policy import Permission, Policy, Used, User, Wish, load, parse
from fata.deploy.policy.pattern import PortRange
from fata.deploy.policy.permission import DEFAULT, NEEDED
from functoria import UserError
from functoria.error import Position

EVERYTHING = """\
signatures = "required"

[users.alice]
apps = ["website", "shop-*"]
environments = ["staging"]
may = ["deploy", "rollback", "push"]
guests = 4
memory = "512MiB"
cpus = 4
disk = "10GiB"
bridges = ["fata0"]
ports = ["8000-8999", "80"]
signers = ["alice@example.com"]

[users.bob]
apps = ["*"]
"""


def test_all_that_can_be_said() -> None:
    assert parse(EVERYTHING.encode()) == Policy(
        signatures=True,
        users={
            "alice": User(
                "alice",
                apps=("website", "shop-*"),
                environments=("staging",),
                may=frozenset({Permission.DEPLOY, Permission.ROLLBACK, Permission.PUSH}),
                guests=4,
                memory=512,
                cpus=4,
                disk=10 << 30,
                bridges=("fata0",),
                ports=(PortRange(8000, 8999), PortRange(80, 80)),
                signers=("alice@example.com",),
            ),
            "bob": User("bob", apps=("*",)),
        },
    )
    assert Permission.REMOVE not in DEFAULT


@pytest.mark.parametrize(
    ("text", "line", "what", "do"),
    [
        ("[users.alice]\napp = []", 2, "no key `users.alice.app`", "did you mean `apps`?"),
        ("\nuser = 1", 2, "no key `user`", "did you mean `users`?"),
        ("signatures = true", 1, "holds text", "correct"),
        ('signatures = "maybe"', 1, "`maybe` is not one of", "correct"),
        ('[users.alice]\nmay = [\n"deploy",\n"prune"]', 4, "`prune` is not one of", "correct"),
        ('[users.alice]\napps = ["a/b"]', 2, "stands for no name", "`*` stands"),
        ('[users.alice]\nports = ["9-8"]', 2, "no range of ports", "`8000-8999`"),
        ('[users.alice]\nmemory = "1kB"', 2, "whole number of MiB", "512MiB"),
        ("[users.alice]\nguests = -1", 2, "from 0 to", "correct"),
        ('[users.alice]\nsigners = ["a b"]', 2, "nobody's name", "principal"),
        ("[users.root]", 1, "`root` administers", "another name"),
        ('[users."Al ice"]', 1, "cannot be a name", "small letters"),
        ("[users.alice", 1, "not TOML", "toml.io"),
    ],
)
def test_what_is_wrong_with_it(text: str, line: int, what: str, do: str) -> None:
    with pytest.raises(UserError, match=what) as caught:
        parse(text.encode())
    assert caught.value.where == Position("policy.toml", line)
    assert do in caught.value.do


def test_without_a_file_there_are_only_administrators(tmp_path: Path) -> None:
    policy = load(tmp_path)
    assert policy.users == {}
    policy.check(None, Wish("remove", "website", "production"), Used())
    with pytest.raises(UserError, match="alice is no user of this host"):
        policy.check("alice", Wish("status", "website"), Used())


def test_signatures_are_required_as_soon_as_somebody_is_trusted(tmp_path: Path) -> None:
    assert not load(tmp_path).signatures
    (tmp_path / "allowed_signers").touch()
    assert load(tmp_path).signatures
    (tmp_path / "policy.toml").write_text("")
    policy = load(tmp_path)
    wish = Wish("deploy", "website", "production")
    with pytest.raises(UserError, match="takes only images that are signed"):
        policy.check(None, wish, Used())
    policy.check(None, replace(wish, signed=True), Used())
    policy.check(None, replace(wish, verb="stop"), Used())
    (tmp_path / "policy.toml").write_text('signatures = "optional"')
    assert not load(tmp_path).signatures


def test_a_policy_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path)


ALICE = parse(EVERYTHING.encode())
FINE = Wish(
    "deploy",
    "shop-api",
    "staging",
    memory=128,
    cpus=1,
    disk=1 << 30,
    ports=(80, 8000),
    bridges=("fata0",),
    signed=True,
    signer="alice@example.com",
)


@pytest.mark.parametrize(
    ("wish", "used", "line", "what"),
    [
        ({"app": "shop"}, {}, 4, "`shop` is no app of alice"),
        ({"app": "shop-../x"}, {}, 4, "is no app of alice"),
        ({"environment": "production"}, {}, 5, "`production` is no environment of alice"),
        ({"verb": "remove"}, {}, 6, "alice may not remove apps"),
        ({"verb": "console"}, {}, 6, "alice may not read logs and consoles"),
        ({"verb": "prune"}, {}, 3, "`prune` is for administrators"),
        ({"verb": "supervise"}, {}, 3, "`supervise` is for administrators"),
        ({}, {"guests": 4}, 7, "may have 4 guests at once: 4 in use, 1 more asked for"),
        ({"memory": 129}, {"memory": 384}, 8, "512MiB of memory: 384MiB in use, 129MiB more"),
        ({"cpus": 5}, {}, 9, "4 CPUs: 0 in use"),
        ({"disk": 11 << 30}, {}, 10, "10GiB of volumes"),
        ({"bridges": ("xenbr0",)}, {}, 11, "may not use the bridge `xenbr0`"),
        ({"ports": (80, 443)}, {}, 12, "may not have port 443"),
        ({"signer": None}, {}, 13, "has to be signed by alice@example.com"),
        ({"signed": False}, {}, 1, "takes only images that are signed"),
    ],
)
def test_what_is_not_allowed_is_said_with_its_line(
    wish: dict[str, object], used: dict[str, int], line: int, what: str
) -> None:
    ALICE.check("alice", FINE, Used(guests=3, memory=384, cpus=3, disk=9 << 30))
    ALICE.check("bob", replace(FINE, environment="production", memory=1 << 20), Used())
    changed = replace(FINE, **wish)  # type: ignore[arg-type]
    with pytest.raises(UserError) as caught:
        ALICE.check("alice", changed, Used(**used))
    assert what in caught.value.what
    if line == 1:
        assert caught.value.where == Position("policy.toml", 1)
    else:
        assert caught.value.where == Position("policy.toml", line)
        assert "administrator" in caught.value.do or "one of them" in caught.value.do


def test_status_is_of_own_apps_only() -> None:
    assert ALICE.sees("alice", "website", "staging")
    assert not ALICE.sees("alice", "website", "production")
    assert not ALICE.sees("alice", "other", "staging")
    assert not ALICE.sees("mallory", "website", "staging")
    assert ALICE.sees(None, "other", "production")
    ALICE.check("alice", Wish("status", "website", "staging"), Used())


NAMES = st.sampled_from(["website", "shop-api", "shop", "other", "../x", ""])
NUMBERS = st.integers(0, 8)
LIMITS = st.none() | NUMBERS
SETS = st.lists(st.sampled_from(["fata0", "xenbr0", "br0"]), max_size=3).map(tuple)
PORTS = st.lists(st.integers(1, 12), max_size=4).map(tuple)
USERS = st.builds(
    User,
    name=st.just("alice"),
    apps=st.lists(st.sampled_from(["website", "shop-*", "*", "s*p"]), max_size=2).map(tuple),
    environments=st.lists(st.sampled_from(["staging", "*"]), max_size=2).map(tuple),
    may=st.frozensets(st.sampled_from(Permission)),
    guests=LIMITS,
    memory=LIMITS,
    cpus=LIMITS,
    disk=LIMITS,
    bridges=st.none() | SETS,
    ports=st.none() | st.lists(st.builds(PortRange, NUMBERS, NUMBERS), max_size=3).map(tuple),
)
WISHES = st.builds(
    Wish,
    verb=st.sampled_from([*NEEDED, "prune", "x"]),
    app=NAMES,
    environment=st.sampled_from(["staging", "production"]),
    memory=NUMBERS,
    cpus=NUMBERS,
    disk=NUMBERS,
    ports=PORTS,
    bridges=SETS,
    signed=st.booleans(),
)
USAGES = st.builds(Used, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
MORE = st.builds(Used, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


def allowed(user: User, wish: Wish, used: Used, *, signatures: bool = False) -> bool:
    try:
        Policy({"alice": user}, signatures).check("alice", wish, used)
    except UserError:
        return False
    return True


@given(USERS, WISHES, USAGES, MORE, PORTS, SETS, st.booleans())
def test_who_may_have_much_may_have_less(
    user: User,
    wish: Wish,
    used: Used,
    more: Used,
    ports: tuple[int, ...],
    bridges: tuple[str, ...],
    signatures: bool,
) -> None:
    larger = replace(
        wish,
        memory=wish.memory + more.memory,
        cpus=wish.cpus + more.cpus,
        disk=wish.disk + more.disk,
        ports=wish.ports + ports,
        bridges=wish.bridges + bridges,
        signed=False,
    )
    fuller = Used(used.guests + more.guests, used.memory, used.cpus + more.cpus, used.disk)
    if allowed(user, larger, fuller, signatures=signatures):
        assert allowed(user, wish, used, signatures=signatures)


@given(USERS, USERS, WISHES, USAGES)
def test_who_is_allowed_more_may_do_all_that_one_was_allowed(
    user: User, other: User, wish: Wish, used: Used
) -> None:
    wider = replace(
        user,
        apps=user.apps + other.apps,
        environments=user.environments + other.environments,
        may=user.may | other.may,
        guests=None if user.guests is None else user.guests + (other.guests or 0),
        memory=None,
        ports=None if user.ports is None else user.ports + (other.ports or ()),
    )
    if allowed(user, wish, used):
        assert allowed(wider, wish, used)


@given(WISHES, USAGES)
def test_who_has_no_app_may_nothing_and_an_administrator_everything(wish: Wish, used: Used) -> None:
    assert not allowed(User("alice", may=frozenset(Permission)), wish, used)
    Policy({}).check(None, wish, used)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_in_the_file_is_understood_or_refused(content: bytes) -> None:
    with contextlib.suppress(UserError):
        assert isinstance(parse(content), Policy)

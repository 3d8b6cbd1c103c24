"""Branches have names that a reader of the configuration knows."""

from functoria import BOOLEAN, JOB, Context, Device, Key, Type, choice, if_impl, match_impl
from functoria.branch import branches, untaken_keys
from functoria.impl import Choice, Impl

A = Type("a")


def device(name: str, *keys: Key[bool]) -> Impl:
    return Device(name=name, type=A, constructor=f"m:{name}", keys=keys)


def key(name: str) -> Key[bool]:
    return Key(name=name, converter=BOOLEAN, default=False, doc="")


NET = Key(name="net", converter=choice("socket", "direct", "none"), default="socket", doc="")


def names(term: Impl) -> list[str]:
    assert isinstance(term, Choice)
    return [branch.name for branch, _ in branches(term)]


def test_branches_are_named_by_what_chooses_them() -> None:
    a, b = device("a"), device("b")
    assert names(match_impl(NET, {"direct": a}, default=b)) == [
        "net=direct",
        "net other than direct",
    ]
    assert names(if_impl(key("tls"), a, b)) == ["tls", "tls=false"]
    assert names(if_impl(NET.value.equals("direct"), a, b)) == ["net=direct", "not net=direct"]
    both = NET.value.both(key("tls").value).map(lambda pair: pair == ("none", True))
    assert names(if_impl(both, a, b)) == ["net, tls", "net, tls=false"]


def test_a_key_belongs_to_the_branch_that_would_have_to_be_taken() -> None:
    mtu, depth = key("mtu"), key("depth")
    inner = if_impl(key("deep"), device("deep", depth), device("flat"))
    functor = Device(name="f", type=A >> A, constructor="m:f", keys=(mtu,))
    stack = match_impl(NET, {"direct": functor(inner)}, default=device("socket"))
    job = Device(name="job", type=A >> JOB, constructor="m:job")(stack)
    found = {key.option: branch.name for key, branch in untaken_keys([job], Context({})).items()}
    assert found == {"mtu": "net=direct", "deep": "net=direct", "depth": "net=direct"}


def test_a_key_that_also_matters_elsewhere_is_not_untaken() -> None:
    shared = key("shared")
    stack = match_impl(NET, {"direct": device("direct", shared)}, default=device("s", shared))
    assert untaken_keys([stack], Context({})) == {}

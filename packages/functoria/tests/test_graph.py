"""The live graph: sharing is preserved, dead branches cost nothing, order is fixed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functoria import (
    BOOLEAN,
    JOB,
    Context,
    Device,
    Impl,
    Key,
    Package,
    Source,
    Stage,
    Type,
    UserError,
    if_impl,
    live_keys,
    match_impl,
    resolve,
    resolve_graph,
)
from functoria.converter import choice
from functoria.graph import all_keys, unique_options

A, B = Type("a"), Type("b")
EMPTY = Context({})


def device(name: str, type_: object = A, **fields: object) -> Device:
    return Device(name=name, type=type_, constructor=f"m:{name}", **fields)  # type: ignore[arg-type]


def names(root: Impl, context: Context = EMPTY) -> list[str]:
    return [node.variable for node in resolve_graph([root], context).nodes]


def test_a_device_used_twice_is_one_device() -> None:
    shared = device("shared")
    job = device("job", A >> A >> JOB)(shared, shared)
    graph = resolve_graph([job], EMPTY)
    assert [node.variable for node in graph.nodes] == ["shared", "job"]
    assert graph.nodes[1].inputs[0] is graph.nodes[1].inputs[1]


def test_two_devices_of_one_definition_are_two_devices() -> None:
    job = device("job", A >> A >> JOB)(device("nic"), device("nic"))
    assert names(job) == ["nic", "nic_2", "job"]


def test_no_two_devices_share_a_variable() -> None:
    job = device("job", A >> A >> A >> JOB)(device("a"), device("a"), device("a_2"))
    assert names(job) == ["a", "a_2", "a_2_2", "job"]


def test_partial_application_is_flattened() -> None:
    functor = device("functor", A >> A >> JOB)
    assert names(functor(device("first"))(device("second"))) == ["first", "second", "functor"]


def test_a_choice_between_functors_is_applied_like_one() -> None:
    key = Key(name="big", converter=BOOLEAN, default=False, doc="")
    functor = if_impl(key, device("big", A >> JOB), device("small", A >> JOB))
    job = functor(device("input"))
    assert names(job) == ["input", "small"]
    assert names(job, resolve([key], [Source("test", {"big": "yes"})])) == ["input", "big"]


def test_a_dead_branch_leaves_no_device_package_or_key() -> None:
    net = Key(name="net", converter=choice("socket", "direct"), default="socket", doc="")
    depth = Key(name="depth", converter=BOOLEAN, default=False, doc="")
    direct = device("direct", keys=(depth,), packages=(Package("heavy"),))
    stack = match_impl(net, {"direct": direct}, default=device("socket"))
    job = device("job", A >> JOB)(stack)
    assert names(job) == ["socket", "job"]
    assert resolve_graph([job], EMPTY).collect(lambda d: d.packages) == ()
    assert live_keys([job], EMPTY) == (net,)
    assert set(all_keys([job])) == {net, depth}
    taken = resolve([net], [Source("test", {"net": "direct"})])
    assert live_keys([job], taken) == (depth, net)


def test_keyword_devices_and_those_that_only_come_first_are_started_first() -> None:
    logs, clock = device("logs"), device("clock")
    job = device("job", JOB, keywords={"clock": clock, "n": 3}, after=(logs,))
    node = resolve_graph([job], EMPTY).nodes[-1]
    assert [edge.variable for edge in node.edges] == ["clock", "logs"]


def test_two_keys_of_one_option_are_a_mistake() -> None:
    first = Key(name="port", converter=BOOLEAN, default=False, doc="")
    second = Key(name="port", converter=BOOLEAN, default=False, doc="")
    with pytest.raises(UserError, match="two keys are named `port`"):
        unique_options([first, second])
    grouped = Key(name="port", converter=BOOLEAN, default=False, doc="", group="front")
    assert [key.option for key in unique_options([first, grouped])] == ["port", "front-port"]


def test_two_keys_of_one_letter_are_a_mistake_within_a_stage() -> None:
    first = Key(name="a", converter=BOOLEAN, default=False, doc="", short="x")
    second = Key(name="b", converter=BOOLEAN, default=False, doc="", short="x")
    boot = Key(name="c", converter=BOOLEAN, doc="", short="x", stage=Stage.BOOT)
    with pytest.raises(UserError, match="`-x` is short for two keys: `a`"):
        unique_options([first, second])
    assert unique_options([first, boot]) == (first, boot)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60))
def test_every_node_comes_once_and_after_its_inputs(edges: list[tuple[int, int]]) -> None:
    terms: list[Impl] = [device("leaf")]
    for left, right in edges:
        term = device("node", A >> A >> A)(terms[left % len(terms)], terms[right % len(terms)])
        terms.append(term)
    graph = resolve_graph(terms, EMPTY)
    position = {node: index for index, node in enumerate(graph.nodes)}
    assert len(position) == len(terms)
    assert len({node.variable for node in graph.nodes}) == len(terms)
    assert all(position[edge] < position[node] for node in graph.nodes for edge in node.edges)


def test_a_graph_may_be_deeper_than_the_stack() -> None:
    term: Impl = device("leaf")
    for _ in range(20_000):
        term = device("node", A >> A)(term)
    assert len(resolve_graph([term], EMPTY).nodes) == 20_001

"""The laws of the engine, for configurations of any shape.

A configuration is made of a recipe: for each device which earlier terms it takes, and for each
choice which earlier terms it is between. The recipe is data, so that the same configuration can
be made again, in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    Reference,
    Source,
    Type,
    if_impl,
    live_keys,
    resolve,
    resolve_graph,
)
from functoria.branch import simplify, untaken_keys
from functoria.codegen import Runtime, program
from functoria.graph import all_keys
from functoria.impl import Choice
from functoria.walk import children, live_children, walk

A = Type("a")
RUNTIME = Runtime("# generated", Reference("m:System"), Reference("m:Argument"))


@dataclass(frozen=True)
class Recipe:
    """Steps `(kind, left, right, key)`; left and right name earlier steps, modulo their number."""

    steps: tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Configuration:
    job: Impl
    keys: tuple[Key[bool], ...]
    terms: tuple[Impl, ...]


RECIPES = st.builds(
    Recipe,
    st.lists(
        st.tuples(
            st.sampled_from(["device", "device", "choice"]),
            st.integers(0, 99),
            st.integers(0, 99),
            st.integers(0, 3),
        ),
        max_size=25,
    ).map(tuple),
)
CHOSEN = st.fixed_dictionaries({f"k{n}": st.sampled_from(["true", "false"]) for n in range(4)})


def made(recipe: Recipe, order: tuple[int, ...] | None = None) -> Configuration:
    """The configuration; its parts are created in `order`, as far as each has what it needs."""
    keys = tuple(Key(name=f"k{n}", converter=BOOLEAN, default=False, doc="") for n in range(4))
    count = len(recipe.steps)
    terms: dict[int, Impl] = {-1: device("leaf")}

    def create(index: int) -> None:
        kind, left, right, key = recipe.steps[index]
        first, second = (number % (index + 1) - 1 for number in (left, right))
        for needed in (first, second):
            if needed not in terms:
                create(needed)
        if index in terms:
            return
        if kind == "choice":
            terms[index] = if_impl(keys[key], terms[first], terms[second])
        else:
            own = Key(name=f"own{index}", converter=BOOLEAN, default=False, doc="")
            functor = device(f"d{index}", A >> A >> A, own, Package(f"p{index}"))
            terms[index] = functor(terms[first], terms[second])

    for index in order or range(count):
        create(index)
    job = device("job", A >> JOB)(terms[count - 1])
    return Configuration(job, keys, tuple(terms.values()))


def device(name: str, type_: object = A, *facts: object) -> Device:
    return Device(
        name=name,
        type=type_,  # type: ignore[arg-type]
        constructor=f"m:{name}",
        keys=tuple(fact for fact in facts if isinstance(fact, Key)),
        packages=tuple(fact for fact in facts if isinstance(fact, Package)),
    )


def context_of(made: Configuration, chosen: Mapping[str, str]) -> Context:
    return resolve(all_keys([made.job]), [Source("test", chosen)])


def text_of(root: Impl, context: Context) -> str:
    return program(resolve_graph([root], context), context, RUNTIME)


@given(RECIPES, CHOSEN)
def test_sharing_every_device_is_one_node_however_often_it_is_used(
    recipe: Recipe, chosen: dict[str, str]
) -> None:
    configuration = made(recipe)
    graph = resolve_graph([configuration.job], context_of(configuration, chosen))
    devices = [node.device for node in graph.nodes]
    assert len(devices) == len(set(devices))


@given(RECIPES, CHOSEN)
def test_dead_branches_leave_nothing(recipe: Recipe, chosen: dict[str, str]) -> None:
    configuration = made(recipe)
    context = context_of(configuration, chosen)
    reached = {
        term
        for term in walk([configuration.job], live_children(context))
        if isinstance(term, Device)
    }
    graph = resolve_graph([configuration.job], context)
    assert {node.device for node in graph.nodes} == reached
    packages = {package for device in reached for package in device.packages}
    assert set(graph.collect(lambda device: device.packages)) == packages


@given(RECIPES, CHOSEN)
def test_a_key_matters_or_belongs_to_a_branch_that_is_not_taken(
    recipe: Recipe, chosen: dict[str, str]
) -> None:
    configuration = made(recipe)
    context = context_of(configuration, chosen)
    live = set(live_keys([configuration.job], context))
    untaken = set(untaken_keys([configuration.job], context))
    assert live & untaken == set()
    assert live | untaken == set(all_keys([configuration.job]))


@given(RECIPES, CHOSEN, st.sets(st.integers(0, 3)))
def test_to_simplify_twice_is_to_simplify_once(
    recipe: Recipe, chosen: dict[str, str], known: set[int]
) -> None:
    configuration = made(recipe)
    context = context_of(configuration, chosen)
    decided = {configuration.keys[number] for number in known}
    once = simplify([configuration.job], context, decided)
    assert simplify(once, context, decided) == once
    left = [term for term in walk(once, children) if isinstance(term, Choice)]
    assert not [choice for choice in left if set(choice.condition.keys) <= decided]


@given(RECIPES, CHOSEN, st.sets(st.integers(0, 3)))
def test_to_simplify_first_changes_nothing_of_the_program(
    recipe: Recipe, chosen: dict[str, str], known: set[int]
) -> None:
    configuration = made(recipe)
    context = context_of(configuration, chosen)
    decided = {configuration.keys[number] for number in known}
    (simpler,) = simplify([configuration.job], context, decided)
    assert text_of(simpler, context) == text_of(configuration.job, context)


@given(RECIPES, CHOSEN, st.randoms(use_true_random=False))
def test_the_order_of_declarations_does_not_matter(
    recipe: Recipe, chosen: dict[str, str], random: object
) -> None:
    order = list(range(len(recipe.steps)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first, second = made(recipe), made(recipe, tuple(order))
    texts = [text_of(c.job, context_of(c, chosen)) for c in (first, second)]
    assert texts[0] == texts[1]


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=5))
def test_the_last_source_that_speaks_of_a_key_is_heard(said: list[dict[str, bool]]) -> None:
    keys = {n: Key(name=n, converter=BOOLEAN, default=False, doc="") for n in ("a", "b", "c")}
    sources = [
        Source(f"source {number}", {name: str(value) for name, value in texts.items()})
        for number, texts in enumerate(said)
    ]
    context = resolve(keys.values(), sources)
    for name, key in keys.items():
        speakers = [number for number, texts in enumerate(said) if name in texts]
        if speakers:
            assert context.get(key) is said[speakers[-1]][name]
            assert context.origin(key) == f"source {speakers[-1]}"
        else:
            assert (context.get(key), context.origin(key)) == (False, "default")

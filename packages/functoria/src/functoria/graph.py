"""The live graph: what is left of a configuration when the choices are made.

Sharing is preserved, and a graph of any depth costs time in proportion to its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from functoria.context import Context
from functoria.error import Position, UserError
from functoria.impl import Application, Choice, Device, Impl, label_of
from functoria.key import Key, Stage
from functoria.type import JOB, AnyType, Arrow, applied, result
from functoria.walk import children, live_children, own_keys, walk

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A device of the live graph with what it is connected to, all of them nodes.

    `variable` is its name in the generated program. `inputs` are the functor's arguments in
    order, `keywords` the devices among its keywords, `after` those that only have to be started
    before it. A node whose type is an arrow is passed as a functor and is not started.
    """

    variable: str
    device: Device
    inputs: tuple[Node, ...]
    keywords: Mapping[str, Node]
    after: tuple[Node, ...]
    position: Position | None

    @property
    def type(self) -> AnyType:
        """What is left of the device's type when it has its inputs."""
        return applied(self.device.type, len(self.inputs))

    @property
    def is_job(self) -> bool:
        """Whether the node is run, rather than started."""
        return result(self.device.type) == JOB

    @property
    def edges(self) -> tuple[Node, ...]:
        """All nodes that come before this one, each once, in a fixed order."""
        return tuple(dict.fromkeys((*self.inputs, *self.keywords.values(), *self.after)))


@dataclass(frozen=True, slots=True)
class Graph:
    """`Graph(nodes, roots)` are the live nodes, each after what it needs, and the roots."""

    nodes: tuple[Node, ...]
    roots: tuple[Node, ...]

    def collect(self, facts: Callable[[Device], Iterable[T]]) -> tuple[T, ...]:
        """`graph.collect(f)` is all that `f` says of the live devices, each fact once, in order."""
        return tuple(dict.fromkeys(fact for node in self.nodes for fact in facts(node.device)))


def all_keys(roots: Iterable[Impl]) -> tuple[Key[Any], ...]:
    """`all_keys(roots)` is every key of every branch, taken or not, in a fixed order."""
    return tuple(dict.fromkeys(key for impl in walk(roots, children) for key in own_keys(impl)))


def live_keys(roots: Iterable[Impl], context: Context) -> tuple[Key[Any], ...]:
    """`live_keys(roots, context)` is the keys of the choices on the way and of live devices."""
    terms = walk(roots, live_children(context))
    return unique_options(dict.fromkeys(key for impl in terms for key in own_keys(impl)))


def unique_options(keys: Iterable[Key[Any]]) -> tuple[Key[Any], ...]:
    """`unique_options(keys)` is the keys; raises `UserError` if two of them share an option.

    Short options are shared between two keys of one stage.
    """
    by_option: dict[str, Key[Any]] = {}
    by_letter: dict[tuple[Stage, str], Key[Any]] = {}
    for key in keys:
        other = by_option.setdefault(key.option, key)
        if other is not key:
            raise UserError(
                f"two keys are named `{key.option}`{_other(other)}",
                key.position,
                'give one of the devices a group, such as `group="front"`, '
                f"so that its option is `--front-{key.name}`",
            )
        if key.short is None:
            continue
        other = by_letter.setdefault((key.stage, key.short), key)
        if other is not key:
            raise UserError(
                f"`-{key.short}` is short for two keys: `{other.option}`{_other(other)}",
                key.position,
                f"give `{key.option}` another letter, or none",
            )
    return tuple(by_option.values())


def _other(key: Key[Any]) -> str:
    return f", the other at {key.position}" if key.position else ""


def resolve_graph(roots: Iterable[Impl], context: Context) -> Graph:
    """`resolve_graph(roots, context)` is the graph with every choice made as the context says.

    What no chosen branch reaches is not in it. The order is deterministic: depth first, inputs
    in declared order.
    """
    roots = tuple(roots)
    resolver = _Resolver(context)
    order = resolver.resolve(roots)
    return Graph(order, tuple(resolver.node(root) for root in roots))


class _Resolver:
    """The state of one resolution: nodes by the identity of their terms."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._nodes: dict[Impl, Node] = {}
        self._chosen: dict[Impl, Impl] = {}
        self._names: dict[str, int] = {}
        self._taken: set[str] = set()

    def node(self, impl: Impl) -> Node:
        return self._nodes[self._choose(impl)]

    def resolve(self, roots: tuple[Impl, ...]) -> tuple[Node, ...]:
        order: list[Node] = []
        for impl in walk(roots, self._edges):
            term = self._choose(impl)
            if term not in self._nodes:
                self._nodes[term] = node = self._build(term)
                order.append(node)
        return tuple(order)

    def _choose(self, impl: Impl) -> Impl:
        known = self._chosen.get(impl)
        if known is None:
            known = impl
            while isinstance(known, Choice):
                known = known.chosen(known.condition.evaluate(self._context))
            self._chosen[impl] = known
        return known

    def _spine(self, term: Impl) -> tuple[Device, tuple[Impl, ...]]:
        """The device that a term applies, and all its arguments."""
        arguments: list[Impl] = []
        term = self._choose(term)
        while isinstance(term, Application):
            arguments[:0] = term.arguments
            term = self._choose(term.function)
        if not isinstance(term, Device):
            raise TypeError(f"not a term: {term!r}")
        return term, tuple(arguments)

    def _edges(self, impl: Impl) -> tuple[Impl, ...]:
        device, arguments = self._spine(impl)
        keywords = (value for value in device.keywords.values() if isinstance(value, Impl))
        return tuple(self._choose(edge) for edge in (*arguments, *keywords, *device.after))

    def _build(self, term: Impl) -> Node:
        device, arguments = self._spine(term)
        position = term.position if isinstance(term, Application | Device) else None
        return Node(
            variable=self._name(device.name),
            device=device,
            inputs=tuple(self.node(argument) for argument in arguments),
            keywords={
                name: self.node(value)
                for name, value in device.keywords.items()
                if isinstance(value, Impl)
            },
            after=tuple(self.node(impl) for impl in device.after),
            position=position or device.position,
        )

    def _name(self, wanted: str) -> str:
        base = "".join(c if c.isalnum() else "_" for c in wanted)
        count = self._names.get(base, 0) + 1
        name = base if count == 1 else f"{base}_{count}"
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._names[base] = count
        self._taken.add(name)
        return name


def check_complete(roots: Iterable[Impl]) -> None:
    """Raise `UserError` for a root that is still a functor."""
    for root in roots:
        if isinstance(root.impl_type, Arrow):
            missing = ", ".join(f"`{p}`" for p in root.impl_type.parameters)
            name = label_of(root)
            position = root.position if isinstance(root, Application | Device) else None
            raise UserError(
                f"`{name}` still needs {missing}",
                position,
                f"apply it: `{name}(...)`, with devices of those types",
            )
        if root.impl_type != JOB:
            raise UserError(
                f"`{label_of(root)}` is a `{root.impl_type}`, not a job",
                root.position if isinstance(root, Application | Device) else None,
                "register jobs: what `main(...)` gives, applied to its devices",
            )

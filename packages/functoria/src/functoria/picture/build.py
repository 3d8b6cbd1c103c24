"""The picture of a program: of its live graph, or of all its branches.

Every term is visited once, without recursion, so a device that is used twice is one box. A functor
that is itself chosen, `choice(a, b)(x)`, is shown as the choice between `a(x)` and `b(x)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functoria.context import Context
from functoria.graph import Graph, Node
from functoria.impl import Application, Choice, Device, Impl
from functoria.key import Key
from functoria.picture.boxes import Annotations, branch_labels, choice_box, device_box, setting
from functoria.picture.model import Box, Edge, Picture, Relation


def picture_of(
    name: str,
    roots: Iterable[Impl],
    graph: Graph,
    keys: Iterable[Key[Any]],
    context: Context,
    annotations: Annotations | None = None,
    *,
    all: bool = False,  # noqa: A002 - what the command line calls it
) -> Picture:
    """`picture_of(...)` is the picture of a program whose `roots` resolve to `graph`.

    Without `all` it has the live devices only. With `all` the choices are boxes of their own,
    and what they did not take is there, marked as not live.
    """
    notes = annotations or {}
    if all:
        walk = _AllBranches(tuple(roots), graph, context, notes)
        boxes, edges = walk.boxes(), walk.edges()
    else:
        names = _Names(graph.nodes)
        order = _preorder(graph)
        boxes = tuple(device_box(names[node], node.device, node, context, notes) for node in order)
        edges = _merged(_live_edges(order, names))
    return Picture(name, boxes, edges, tuple(setting(key, context) for key in keys))


class _Names:
    """The ids of boxes: those of live devices are their variables; the rest keep clear of them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._taken: set[str] = set()
        self._of = {node: self.fresh(node.variable) for node in nodes}

    def __getitem__(self, node: Node) -> str:
        return self._of[node]

    def fresh(self, wanted: str) -> str:
        base = "".join(c if c.isalnum() else "_" for c in wanted)
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name


def _preorder(graph: Graph) -> tuple[Node, ...]:
    found: dict[Node, None] = {}
    stack = list(reversed(graph.roots))
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            stack += reversed(node.edges)
    return tuple(found)


def _live_edges(nodes: Iterable[Node], names: _Names) -> Iterator[Edge]:
    for node in nodes:
        ends = (*node.inputs, *node.keywords.values(), *node.after)
        for end, (relation, label) in zip(
            ends, _relations(node.device, len(node.inputs)), strict=True
        ):
            yield Edge(names[node], names[end], relation, (label,) if label else ())


def _relations(device: Device, inputs: int) -> Iterator[tuple[Relation, str]]:
    """What a device says of the devices that it has, in the order of `Node`: with what names."""
    for index in range(inputs):
        yield Relation.ARGUMENT, device.labels[index] if index < len(device.labels) else ""
    for name, value in device.keywords.items():
        if isinstance(value, Impl):
            yield Relation.KEYWORD, name
    for _ in device.after:
        yield Relation.AFTER, ""


def _merged(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """The edges, those that say the same of the same boxes as one with all their labels."""
    labels: dict[Edge, list[str]] = {}
    for edge in edges:
        labels.setdefault(replace(edge, labels=()), []).extend(edge.labels)
    return tuple(replace(edge, labels=tuple(names)) for edge, names in labels.items())


@dataclass(frozen=True, slots=True)
class _Term:
    """A device or choice with the arguments that are applied to it by the application `by`."""

    head: Device | Choice
    arguments: tuple[Impl, ...]
    by: Impl | None


def _term(impl: Impl, outer: tuple[Impl, ...] = (), by: Impl | None = None) -> _Term:
    parts = [outer]
    while isinstance(impl, Application):
        by = by or impl
        parts.append(impl.arguments)
        impl = impl.function
    if not isinstance(impl, Device | Choice):
        raise TypeError(f"not a term: {impl!r}")
    return _Term(impl, tuple(argument for part in reversed(parts) for argument in part), by)


@dataclass(frozen=True, slots=True)
class _Step:
    """What leads from one term to another."""

    relation: Relation
    label: str
    branch: int | None
    term: _Term


class _AllBranches:
    """One walk over every branch of a configuration."""

    def __init__(
        self, roots: tuple[Impl, ...], graph: Graph, context: Context, notes: Annotations
    ) -> None:
        self._context = context
        self._notes = notes
        self._names = _Names(graph.nodes)
        starts = [_term(root) for root in roots]
        self._steps = _steps(starts)
        self._nodes, self._taken = self._live(zip(starts, graph.roots, strict=True))
        self._ids = {term: self._id(term) for term in self._steps}

    def boxes(self) -> tuple[Box, ...]:
        return tuple(self._box(term) for term in self._steps)

    def edges(self) -> tuple[Edge, ...]:
        return _merged(
            Edge(
                self._ids[term],
                self._ids[step.term],
                step.relation,
                (step.label,) if step.label else (),
                step.branch,
                self._is_taken(term, step),
            )
            for term, steps in self._steps.items()
            for step in steps
        )

    def _is_taken(self, term: _Term, step: _Step) -> bool:
        if isinstance(term.head, Choice):
            return self._taken.get(term) == step.branch
        return term in self._nodes

    def _live(
        self, starts: Iterable[tuple[_Term, Node]]
    ) -> tuple[dict[_Term, Node], Mapping[_Term, int]]:
        """The nodes of the live devices, and the number of the branch that live choices take."""
        nodes: dict[_Term, Node] = {}
        taken: dict[_Term, int] = {}
        stack = list(starts)
        while stack:
            term, node = stack.pop()
            if term in nodes or term in taken:
                continue
            steps = self._steps[term]
            if isinstance(term.head, Choice):
                taken[term] = number = _number_taken(term.head, self._context)
                stack.append((steps[number].term, node))
            else:
                nodes[term] = node
                ends = (*node.inputs, *node.keywords.values(), *node.after)
                stack += zip((step.term for step in steps), ends, strict=True)
        return nodes, taken

    def _id(self, term: _Term) -> str:
        node = self._nodes.get(term)
        if node is not None:
            return self._names[node]
        return self._names.fresh("choice" if isinstance(term.head, Choice) else term.head.name)

    def _box(self, term: _Term) -> Box:
        if isinstance(term.head, Choice):
            return choice_box(self._ids[term], term.head, self._taken.get(term), self._context)
        node = self._nodes.get(term)
        place = term.by if isinstance(term.by, Application) else term.head
        return device_box(
            self._ids[term],
            term.head,
            node,
            self._context,
            self._notes,
            inputs=len(term.arguments),
            position=place.position or term.head.position,
        )


def _steps(starts: Iterable[_Term]) -> dict[_Term, tuple[_Step, ...]]:
    """Every term below the starts with what it leads to, roots first."""
    found: dict[_Term, tuple[_Step, ...]] = {}
    stack = list(reversed(list(starts)))
    while stack:
        term = stack.pop()
        if term not in found:
            found[term] = steps = tuple(_steps_of(term))
            stack += [step.term for step in reversed(steps)]
    return found


def _steps_of(term: _Term) -> Iterator[_Step]:
    head = term.head
    if isinstance(head, Choice):
        branches = (*(impl for _, impl in head.branches), head.default)
        for number, (impl, label) in enumerate(zip(branches, branch_labels(head), strict=True)):
            below = _term(impl, term.arguments, term.by)
            yield _Step(Relation.BRANCH, label, number, below)
        return
    keywords = [value for value in head.keywords.values() if isinstance(value, Impl)]
    ends = (*term.arguments, *keywords, *head.after)
    for end, (relation, label) in zip(ends, _relations(head, len(term.arguments)), strict=True):
        yield _Step(relation, label, None, _term(end))


def _number_taken(choice: Choice, context: Context) -> int:
    value = choice.condition.evaluate(context)
    labels = [label for label, _ in choice.branches]
    return next((n for n, label in enumerate(labels) if label == value), len(labels))

"""Branches: which of a configuration's choices are made, and what lies beyond those not taken."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functoria.context import Context
from functoria.error import Position
from functoria.impl import Application, Choice, Device, Impl
from functoria.key import Key
from functoria.walk import children, live_children, own_keys, walk


@dataclass(frozen=True, slots=True)
class Branch:
    """`Branch(name, position)` is one way that a choice can go, such as `net=direct`."""

    name: str
    position: Position | None


def branches(choice: Choice) -> Iterator[tuple[Branch, Impl]]:
    """`branches(choice)` is every way that it can go, the default last, and where each leads."""
    condition = str(choice.condition)
    labels = [_label(label) for label, _ in choice.branches]
    for label, (_, impl) in zip(labels, choice.branches, strict=True):
        name = condition if label == "true" else f"{condition}={label}"
        yield Branch(name, choice.position), impl
    if labels == ["true"]:
        name = f"{condition}=false" if "=" not in condition else f"not {condition}"
    else:
        name = f"{condition} other than {', '.join(labels)}"
    yield Branch(name, choice.position), choice.default


def _label(label: object) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def untaken_keys(roots: Iterable[Impl], context: Context) -> Mapping[Key[Any], Branch]:
    """`untaken_keys(roots, context)` is the keys that do not matter, each with its branch.

    Of several branches that have a key it is the first; a key that some live term has too is
    not in it. Every term is looked at once.
    """
    roots = tuple(roots)
    live = tuple(walk(roots, live_children(context)))
    live_keys = {key for impl in live for key in own_keys(impl)}
    found: dict[Key[Any], Branch] = {}
    seen = set(live)
    for choice in live:
        if not isinstance(choice, Choice):
            continue
        taken = choice.chosen(choice.condition.evaluate(context))
        for branch, impl in branches(choice):
            if impl is taken or impl in seen:
                continue
            for term in walk([impl], children, seen):
                for key in own_keys(term):
                    if key not in live_keys:
                        found.setdefault(key, branch)
    return found


def simplify(
    roots: Iterable[Impl], context: Context, known: Container[Key[Any]]
) -> tuple[Impl, ...]:
    """`simplify(roots, context, known)` is the terms with the choices of `known` keys made.

    A choice is made if all of its keys are known. Sharing is preserved, and a term in which
    nothing is chosen is itself: to simplify twice is to simplify once.
    """
    roots = tuple(roots)
    done: dict[Impl, Impl] = {}

    def decided(choice: Choice) -> bool:
        return all(key in known for key in choice.condition.keys)

    def below(impl: Impl) -> tuple[Impl, ...]:
        if isinstance(impl, Choice) and decided(impl):
            return (impl.chosen(impl.condition.evaluate(context)),)
        return children(impl)

    for impl in walk(roots, below):
        if isinstance(impl, Choice) and decided(impl):
            done[impl] = done[impl.chosen(impl.condition.evaluate(context))]
        else:
            done[impl] = _rebuilt(impl, done)
    return tuple(done[root] for root in roots)


def _rebuilt(impl: Impl, done: Mapping[Impl, Impl]) -> Impl:
    """The term with its parts as they are in `done`: itself where they are what they were."""
    if all(done[child] is child for child in children(impl)):
        return impl
    match impl:
        case Application():
            arguments = tuple(done[argument] for argument in impl.arguments)
            return Application(done[impl.function], arguments, impl.position)
        case Choice():
            ways = tuple((label, done[branch]) for label, branch in impl.branches)
            return Choice(impl.condition, ways, done[impl.default], impl.position)
        case Device():
            keywords = {
                name: done[value] if isinstance(value, Impl) else value
                for name, value in impl.keywords.items()
            }
            return replace(impl, keywords=keywords, after=tuple(done[term] for term in impl.after))
    raise TypeError(f"not a term: {impl!r}")

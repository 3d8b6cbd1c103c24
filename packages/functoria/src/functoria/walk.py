"""Walking over terms, without recursion, each once: sharing costs nothing, nor does depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from functoria.context import Context
from functoria.impl import Application, Choice, Device, Impl
from functoria.key import Key
from functoria.value import Value


def walk(
    roots: Iterable[Impl],
    below: Callable[[Impl], tuple[Impl, ...]],
    seen: set[Impl] | None = None,
) -> Iterator[Impl]:
    """`walk(roots, below)` is every term that `below` leads to, once, after what is below it.

    What is in `seen` is passed over, and what was passed is put there.
    """
    done = set() if seen is None else seen
    for root in roots:
        if root in done:
            continue
        done.add(root)
        stack: list[tuple[Impl, Iterator[Impl]]] = [(root, iter(below(root)))]
        while stack:
            impl, rest = stack[-1]
            child = next((c for c in rest if c not in done), None)
            if child is None:
                stack.pop()
                yield impl
            else:
                done.add(child)
                stack.append((child, iter(below(child))))


def children(impl: Impl) -> tuple[Impl, ...]:
    """`children(impl)` is the terms that a term is made of, in a fixed order."""
    if isinstance(impl, Application):
        return (impl.function, *impl.arguments)
    if isinstance(impl, Choice):
        return (*(branch for _, branch in impl.branches), impl.default)
    if isinstance(impl, Device):
        keywords = (value for value in impl.keywords.values() if isinstance(value, Impl))
        return (*keywords, *impl.after)
    return ()


def live_children(context: Context) -> Callable[[Impl], tuple[Impl, ...]]:
    """`live_children(context)(impl)` is those of them that the context chooses."""

    def below(impl: Impl) -> tuple[Impl, ...]:
        if isinstance(impl, Choice):
            return (impl.chosen(impl.condition.evaluate(context)),)
        return children(impl)

    return below


def own_keys(impl: Impl) -> tuple[Key[Any], ...]:
    """`own_keys(impl)` is the keys of the term itself: of a choice, or of a device."""
    if isinstance(impl, Choice):
        return impl.condition.keys
    return device_keys(impl) if isinstance(impl, Device) else ()


def device_keys(device: Device) -> tuple[Key[Any], ...]:
    """`device_keys(d)` is the keys that `d` names, in its keywords and beside them."""
    found: dict[Key[Any], None] = {}
    for value in device.keywords.values():
        if isinstance(value, Key):
            found[value] = None
        elif isinstance(value, Value):
            found.update(dict.fromkeys(value.keys))
    found.update(dict.fromkeys(device.keys))
    return tuple(found)

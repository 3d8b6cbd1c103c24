"""The configuration engine on large graphs."""

from __future__ import annotations

import gc
import time

from results import GraphTimes, samples

from functoria import JOB, STRING, Device, Impl, Key, Reference, Stage, Type, match_impl
from functoria.codegen import Runtime, program
from functoria.context import resolve
from functoria.graph import all_keys, resolve_graph

_PART = Type("part")
_RUNTIME = Runtime('"""Made."""', Reference("made:System"), Reference("made:Argument"))


def measure(count: int, repeats: int) -> GraphTimes:
    """`measure(count, repeats)` is the engine's times on `terms(count)`.

    Raises `ValueError` if what is resolved has another number of devices.
    """
    marks = [_once(count) for _ in range(repeats)]
    construct, resolving, generating = (list(column) for column in zip(*marks, strict=True))
    whole = samples([a + b for a, b in zip(resolving, generating, strict=True)], 6)
    return GraphTimes(
        count,
        samples(construct, 4),
        samples(resolving, 4),
        samples(generating, 4),
        round(count / whole.median),
    )


def terms(count: int) -> Impl:
    """`terms(count)` is a job on a graph of `count` devices, itself among them.

    Each device takes the two made before it, so that all are shared. Every tenth is reached
    through a choice whose other branch is dropped, and every hundredth has a boot argument.
    """
    pair = _PART >> _PART >> _PART
    choose = Key(name="choose", converter=STRING, default="yes", doc="a choice")
    other = Device(name="other", type=_PART, constructor="made.parts:Other")
    before: Impl = Device(name="part", type=_PART, constructor="made.parts:First")
    last: Impl = Device(name="part", type=_PART, constructor="made.parts:First")
    for number in range(count - 3):
        keywords: dict[str, object] = {"number": number}
        if number % 100 == 0:
            keywords["argument"] = _argument(number)
        device = Device(name="part", type=pair, constructor="made.parts:Part", keywords=keywords)
        made = device(before, last)
        if number % 10 == 0:
            made = match_impl(choose, {"yes": made}, default=other)
        before, last = last, made
    return Device(name="job", type=_PART >> JOB, constructor="made.parts:run")(last)


def _argument(number: int) -> Key[str]:
    name = f"argument-{number}"
    return Key(name=name, converter=STRING, default="", doc="one", stage=Stage.BOOT)


def _once(count: int) -> tuple[float, float, float]:
    """The seconds of constructing, resolving and generating, in order."""
    gc.collect()
    began = time.perf_counter()
    root = terms(count)
    constructed = time.perf_counter()
    context = resolve(all_keys((root,)), ())
    live = resolve_graph((root,), context)
    resolved = time.perf_counter()
    program(live, context, _RUNTIME)
    generated = time.perf_counter()
    if len(live.nodes) != count:
        raise ValueError(f"the graph has {len(live.nodes)} devices, not {count}")
    return constructed - began, resolved - constructed, generated - resolved

"""Programs to draw."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functoria import (
    BOOLEAN,
    JOB,
    PORT,
    STRING,
    Arrow,
    Context,
    Device,
    Graph,
    Impl,
    Key,
    Package,
    Stage,
    Type,
    choice,
    if_impl,
    live_keys,
    match_impl,
    resolve_graph,
)
from functoria.context import Binding
from functoria.picture import Annotations, Picture, picture_of

STACK, HTTP, CLOCK, LOGS = Type("stack"), Type("http"), Type("clock"), Type("logs")

TARGET = Key(
    name="target",
    converter=choice("unix", "virtio", "xen"),
    default="unix",
    doc="where it runs",
)
CACHED = Key(name="cached", converter=BOOLEAN, default=False, doc="whether pages are kept")
PORT_KEY = Key(name="port", converter=PORT, default=80, doc="where to listen", stage=Stage.BOOT)
GATEWAY = Key(name="gateway", converter=STRING, default=None, doc="the router", stage=Stage.BOOT)


@dataclass(frozen=True)
class Program:
    """What is drawn: the roots and what they resolve to."""

    name: str
    roots: tuple[Impl, ...]
    context: Context

    @property
    def keys(self) -> tuple[Key[Any], ...]:
        return live_keys(self.roots, self.context)

    @property
    def graph(self) -> Graph:
        return resolve_graph(self.roots, self.context)

    @property
    def arguments(self) -> tuple[str, tuple[Impl, ...], Graph, tuple[Key[Any], ...], Context]:
        """What the functions of `functoria.picture` take."""
        return self.name, self.roots, self.graph, self.keys, self.context

    def picture(self, *, full: bool = False, annotations: Annotations | None = None) -> Picture:
        return picture_of(*self.arguments, annotations, all=full)


def website(target: str = "virtio", *, cached: bool = False) -> Program:
    """A website: two choices by the target, one of them of a functor, and one by a boolean."""
    host = Device(name="stack", type=STACK, constructor="net:HostStack")
    guest = Device(
        name="stack",
        type=STACK,
        constructor="net:GuestStack",
        keywords={"interface": "eth0", "gateway": GATEWAY},
        doc="TCP/IP",
    )
    stack = match_impl(TARGET, {"unix": host}, default=guest)
    server = Device(
        name="http",
        type=STACK >> HTTP,
        constructor="web.server:Server",
        labels=("stack",),
        keywords={"port": PORT_KEY},
        packages=(Package("h11>=0.16"),),
    )
    cache = Device(name="cache", type=STACK >> HTTP, constructor="web.cache:Cache")
    clock = Device(name="clock", type=CLOCK, constructor="os.clock:Clock")
    logs = Device(name="logs", type=LOGS, constructor="os.logs:Logs")
    http = if_impl(CACHED, cache, server)(stack)
    web = Device(
        name="web",
        type=HTTP >> STACK >> JOB,
        constructor="site:start",
        labels=("http", "stack"),
        keywords={"clock": clock},
        after=(logs,),
    )
    bindings = {TARGET: Binding(target, "command line"), CACHED: Binding(cached, "default")}
    return Program("website", (web(http, stack),), Context(bindings))


def chain(length: int) -> Program:
    """Devices each of which needs the one before it."""
    made: Impl = Device(name="end", type=STACK, constructor="m:End")
    for _ in range(length - 2):
        made = Device(name="link", type=STACK >> STACK, constructor="m:Link")(made)
    return Program("chain", (_job(made),), Context({}))


def star(leaves: int) -> Program:
    """A job that is given many devices."""
    made = [Device(name="leaf", type=STACK, constructor="m:Leaf") for _ in range(leaves)]
    return Program("star", (_job(*made),), Context({}))


def tangle(devices: int, seed: int = 1) -> Program:
    """Devices that need others at random."""
    source = random.Random(seed)
    made: list[Impl] = []
    for number in range(devices):
        arguments = source.choices(made, k=min(3, len(made)))
        made.append(_applied(Device, f"d{number}", STACK, arguments))
    return Program("tangle", (_job(*made[-5:]),), Context({}))


def _job(*arguments: Impl) -> Impl:
    return _applied(Device, "job", JOB, arguments)


def _applied(kind: type[Device], name: str, result: Type, arguments: Sequence[Impl]) -> Impl:
    parameters = tuple(argument.impl_type for argument in arguments)
    type_ = Arrow(parameters, result) if parameters else result
    device = kind(name=name, type=type_, constructor=f"m:{name.title()}")
    return device(*arguments) if arguments else device

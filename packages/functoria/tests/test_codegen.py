"""The generated program is a straight line that a person can read."""

from enum import Enum
from ipaddress import IPv4Address
from typing import Any

import pytest

from functoria import (
    JOB,
    PORT,
    STRING,
    Context,
    Device,
    Impl,
    Key,
    Reference,
    Stage,
    Type,
    UserError,
    resolve_graph,
)
from functoria.codegen import Runtime, program
from functoria.converter import BOOLEAN, IPV4, Converter, choice, enum, list_of
from functoria.path import paths

STACK, HTTP = Type("stack"), Type("http")
RUNTIME = Runtime("# made by a test", Reference("rt:System"), Reference("rt:Argument"))


def generated(*roots: Impl) -> str:
    return program(resolve_graph(roots, Context({})), Context({}), RUNTIME)


def test_a_program_imports_constructs_in_order_and_starts() -> None:
    port = Key(name="port", converter=PORT, default=80, doc="where to listen", stage=Stage.BOOT)
    greeting = Key(name="greeting", converter=STRING, default='say "hi"', doc="")
    stack = Device(name="stack", type=STACK, constructor="os.net:Stack")
    http = Device(
        name="http", type=STACK >> HTTP, constructor="os.http:Server", keywords={"port": port}
    )
    job = Device(
        name="job",
        type=HTTP >> JOB,
        constructor="web:start",
        keywords={"app": Reference("web:app"), "greeting": greeting},
    )
    assert generated(job(http(stack))) == GOLDEN


GOLDEN = """\
# made by a test

from os.http import Server
from os.net import Stack
from rt import Argument, System
from web import app, start

ARGUMENTS = (
    Argument("port", "port", "80", "where to listen", ""),
)


async def main(system: System) -> None:
    stack = await system.start("job > http > stack", "os.net:Stack", Stack)
    http = await system.start(
        "job > http",
        "os.http:Server",
        Server,
        stack,
        port=system.argument("port"),
    )
    await system.run("job", "web:start", start, http, app=app, greeting='say "hi"')
"""


def test_names_that_meet_are_kept_apart() -> None:
    first = Device(name="main", type=JOB, constructor="one:main")
    second = Device(name="main", type=JOB, constructor="two:main")
    text = generated(first, second)
    assert "from one import main as main_3" in text
    assert "from two import main as main_4" in text
    compile(text, "main.py", "exec")


def test_a_functor_is_passed_as_a_functor() -> None:
    inner = Device(name="inner", type=STACK >> HTTP, constructor="m:Inner", keywords={"n": 1})
    outer_type = type(STACK >> HTTP)((STACK >> HTTP,), JOB)
    outer = Device(name="outer", type=outer_type, constructor="m:outer")
    assert "outer, partial(Inner, n=1))" in generated(outer(inner)).replace("outer_2", "outer")


def test_what_cannot_be_written_down_is_refused() -> None:
    job = Device(name="job", type=JOB, constructor="m:start", keywords={"x": object()})
    with pytest.raises(UserError, match="cannot be written into the program"):
        generated(job)


def test_paths_are_short_and_their_middle_is_left_out() -> None:
    stack = Device(name="stack", type=STACK, constructor="m:Stack")
    layers = [Device(name=f"l{n}", type=STACK >> STACK, constructor="m:Layer") for n in range(8)]
    top: Impl = stack
    for layer in layers:
        top = layer(top)
    job = Device(name="job", type=STACK >> JOB, constructor="m:start")
    graph = resolve_graph([job(top), job(stack)], Context({}))
    found = {node.variable: path for node, path in paths(graph).items()}
    assert found["stack"] == "job_2 > stack"
    assert found["l7"] == "job > l7"
    assert found["l3"] == "job > l7 > l6 > l5 > l4 > l3"
    assert found["l0"] == "... > l4 > l3 > l2 > l1 > l0"


def test_arguments_are_declared_with_what_is_not_as_usual() -> None:
    def even(text: str) -> int:
        return int(text)

    own = Converter("even", even, str, lambda value: isinstance(value, int), reference="web:even")

    def boot(name: str, converter: Converter[Any], **more: Any) -> Key[Any]:
        return Key(name=name, converter=converter, doc="d", stage=Stage.BOOT, **more)

    keys = {
        "a": boot("token", STRING, required=True, short="t"),
        "b": boot("dry", BOOLEAN, flag=True),
        "c": boot("peer", IPV4, default=(IPv4Address("10.0.0.1"),), repeated=True),
        "d": boot("peers", list_of(PORT), group="front"),
        "e": boot("level", choice("low", "high"), default="low"),
        "f": boot("one", own, default=2),
        "g": boot("many", list_of(own)),
        "h": boot("none", STRING, repeated=True),
    }
    text = generated(Device(name="job", type=JOB, constructor="web:start", keywords=keys))
    assert "from web import even, start" in text
    table = text[text.index("ARGUMENTS") : text.index("async def")].split("\n")
    assert [line.strip() for line in table[1:9]] == [
        'Argument("token", "str", None, "d", "", required=True, short="t"),',
        'Argument("dry", "bool", None, "d", "", flag=True),',
        'Argument("peer", "ipv4", ("10.0.0.1",), "d", "", repeated=True),',
        'Argument("front-peers", "list of port", None, "d", "", group="front"),',
        'Argument("level", "choice", "low", "d", "", choices=("low", "high")),',
        'Argument("one", even, "2", "d", ""),',
        'Argument("many", [even], None, "d", ""),',
        'Argument("none", "str", None, "d", "", repeated=True),',
    ]


class Colour(Enum):
    DARK_BLUE = 1


def test_members_are_written_by_name_and_addresses_by_their_constructors() -> None:
    colour = Key(name="colour", converter=enum(Colour), default=Colour.DARK_BLUE, doc="")
    peers = Key(
        name="peer", converter=IPV4, default=(IPv4Address("10.0.0.1"),), doc="", repeated=True
    )
    keywords = {"colour": colour, "peers": peers, "first": colour.value.equals(Colour.DARK_BLUE)}
    job = Device(name="job", type=JOB, constructor="m:start", keywords=keywords)
    text = generated(job)
    assert "from ipaddress import IPv4Address" in text
    assert 'colour="dark-blue"' in text
    assert 'peers=(IPv4Address("10.0.0.1"),)' in text
    assert "first=True" in text

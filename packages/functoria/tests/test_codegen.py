"""The generated program is a straight line that a person can read."""

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
    stack = await system.start(Stack(), "stack", "os.net:Stack")
    http = await system.start(Server(stack, port=system.argument("port")), "http", "os.http:Server")
    await system.run(start(http, app=app, greeting='say "hi"'), "job", "web:start")
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
    assert "outer(partial(Inner, n=1))" in generated(outer(inner)).replace("outer_2", "outer")


def test_what_cannot_be_written_down_is_refused() -> None:
    job = Device(name="job", type=JOB, constructor="m:start", keywords={"x": object()})
    with pytest.raises(UserError, match="cannot be written into the program"):
        generated(job)

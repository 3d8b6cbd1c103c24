"""The DOT language, which other programs read."""

from __future__ import annotations

import re
import subprocess

from functoria import JOB, Context, Device
from functoria.picture import as_dot

from .samples import STACK, Program, website


def canonical(text: str) -> str:
    """What graphviz makes of it; it fails where the text is not DOT."""
    return subprocess.run(
        ("dot", "-Tcanon"), input=text, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_the_live_graph() -> None:
    assert as_dot(*website().arguments) == LIVE


LIVE = r"""digraph "website" {
  ordering=out;
  node [shape=box, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
  "web" [label="web\nsite:start\njob", style=bold];
  "http" [label="http\nweb.server:Server\nhttp\n--port 80"];
  "stack" [label="stack\nnet:GuestStack\nstack\ninterface eth0\n--gateway unset"];
  "clock" [label="clock\nos.clock:Clock\nclock"];
  "logs" [label="logs\nos.logs:Logs\nlogs"];
  "web" -> "http";
  "web" -> "stack";
  "web" -> "clock" [label=clock, style=dashed];
  "web" -> "logs" [style=dotted];
  "http" -> "stack";
}
"""


def test_nothing_but_the_graph_is_in_the_output() -> None:
    for full in (False, True):
        text = as_dot(*website().arguments, all=full)
        assert text.startswith('digraph "website" {\n')
        assert text.endswith("}\n")
        assert "website" in canonical(text)


def test_no_statement_has_an_attribute_twice() -> None:
    for line in as_dot(*website().arguments, all=True).splitlines():
        attributes = re.search(r" \[(.*)\];$", line)
        if attributes:
            quoted_away = re.sub(r'"(?:[^"\\]|\\.)*"', '""', attributes[1])
            names = re.findall(r"(\w+)=", quoted_away)
            assert len(names) == len(set(names)), line


def test_a_device_that_is_used_twice_is_one_node() -> None:
    for full in (False, True):
        lines = as_dot(*website().arguments, all=full).splitlines()
        nodes = [line.split()[0] for line in lines if re.match(r'  "\w+" \[', line)]
        assert len(nodes) == len(set(nodes))
        assert sum('-> "logs"' in line for line in lines) == 1
    stack = Device(name="s", type=STACK, constructor="m:s")
    job = Device(name="j", type=STACK >> STACK >> JOB, constructor="m:j")
    text = as_dot(*Program("x", (job(stack, stack),), Context({})).arguments)
    assert text.count("->") == 1


def test_what_is_unset_is_unset_rather_than_empty() -> None:
    text = as_dot(*website().arguments)
    assert r"--gateway unset" in text
    assert "(default)" not in text


def test_choices_are_nodes_that_list_their_keys() -> None:
    text = as_dot(*website().arguments, all=True)
    assert '"choice_2" [label="--target virtio", shape=ellipse];' in text
    assert '"choice_2" -> "stack" [label=otherwise, style=bold];' in text


def test_dead_branches_are_grey() -> None:
    lines = as_dot(*website().arguments, all=True).splitlines()
    dead = [line for line in lines if "#8b95a0" in line]
    assert [re.findall(r'"(\w+)"', line.partition(" [")[0]) for line in dead] == [
        ["cache"],
        ["stack_2"],
        ["choice", "cache"],
        ["cache", "choice_2"],
        ["choice_2", "stack_2"],
    ]


def test_names_are_quoted() -> None:
    odd = Device(name="odd", type=JOB, constructor="m:start", keywords={"a": 'b"\\N\n\x00'})
    text = as_dot(*Program('a "name"', (odd,), Context({})).arguments)
    assert text.startswith('digraph "a \\"name\\"" {')
    assert r"\na b\"\\N " in text
    assert "odd" in canonical(text)

"""A configuration for its reader."""

import json

from functoria import (
    JOB,
    PORT,
    Context,
    Device,
    Graph,
    Impl,
    Key,
    Package,
    Stage,
    Type,
    live_keys,
    resolve_graph,
)
from functoria.describe import as_json, as_text

STACK, HTTP = Type("stack"), Type("http")
PORT_KEY = Key(name="port", converter=PORT, default=80, doc="where to listen", stage=Stage.BOOT)
stack = Device(name="stack", type=STACK, constructor="net:Stack", keywords={"mtu": 1500})
http = Device(
    name="http",
    type=STACK >> HTTP,
    constructor="http:Server",
    keywords={"port": PORT_KEY},
    packages=(Package("h11>=0.16"),),
)
web = Device(name="web", type=HTTP >> STACK >> JOB, constructor="web:start")
job = web(http(stack), stack)
graph = resolve_graph([job], Context({}))
keys = live_keys([job], Context({}))


def test_text_is_a_tree_that_repeats_nothing() -> None:
    assert as_text("web", graph, keys, Context({})) == TEXT


TEXT = """\
web

Keys
  --port 80  (at boot)  where to listen

Devices
  web: job  web:start
  ├─ http: http  http:Server(port=--port)
  │  └─ stack: stack  net:Stack(mtu=1500)
  └─ stack: stack  net:Stack(mtu=1500)

Packages
  h11>=0.16
"""


def chain(length: int) -> Graph:
    """A job on a chain of that many devices."""
    impl: Impl = Device(name="base", type=STACK, constructor="net:Base")
    for number in range(length - 1):
        layer = Device(
            name="layer", type=STACK >> STACK, constructor="net:L", keywords={"n": number}
        )
        impl = layer(impl)
    top = Device(name="top", type=STACK >> JOB, constructor="top:start")
    return resolve_graph([top(impl)], Context({}))


def test_below_the_twentieth_level_a_number_says_which_it_is() -> None:
    text = as_text("deep", chain(30), (), Context({}))
    trees = [line.partition(": ")[0] for line in text.splitlines()[3:]]
    assert trees[19:23] == [
        " " * (2 + 3 * 18) + "└─ layer_11",
        " " * (2 + 3 * 19) + "└─ layer_10",
        " " * (2 + 3 * 20) + "[21] └─ layer_9",
        " " * (2 + 3 * 20) + "[22] └─ layer_8",
    ]


def test_what_a_deep_chain_prints_grows_with_its_length_and_not_its_square() -> None:
    short, long = (len(as_text("deep", chain(length), (), Context({}))) for length in (250, 2500))
    assert long < 11 * short


def test_json_has_a_version_and_every_device_once() -> None:
    data = json.loads(as_json("web", graph, keys, Context({})))
    assert data["schema"] == 1
    assert [device["name"] for device in data["devices"]] == ["stack", "http", "web"]
    assert data["devices"][2]["inputs"] == ["http", "stack"]
    assert data["keys"][0] == {
        "name": "port",
        "stage": "boot",
        "type": "PORT",
        "value": "80",
        "origin": "default",
        "doc": "where to listen",
        "position": None,
    }

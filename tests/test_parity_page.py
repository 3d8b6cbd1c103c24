"""The page on parity speaks of what there is: commands, options, queries, devices, tests."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

import click
import pytest

import fata.dsl
import functoria
from fata.cli.entry import VERBS, run
from fata.devices import jobs, name
from fata.devices.http import http_server
from fata.devices.logs import console_logs
from fata.devices.stack import socket_stack
from fata.tool import TOOL
from functoria import action
from functoria.cli.verbs.query import queries_of
from functoria.tool import When
from functoria.walk import children, device_keys, walk
from libos.net.socket_stack import SocketStack
from tests import test_pains
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "parity.md").read_text()
SHOWN = {name for name, verb in VERBS.items() if not verb.hidden}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a section, without the heads."""
    tables = re.findall(r"(?m)^\|[^\n]*\n\| ---[^\n]*\n((?:\|[^\n]*\n?)+)", section(title))
    lines = [line for table in tables for line in table.splitlines()]
    return [line.strip().removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def ours(title: str) -> list[str]:
    """What stands in the right column as code."""
    return [code for row in rows(title) for code in codes(row[-1])]


def theirs(title: str) -> set[str]:
    return {word for row in rows(title) for code in codes(row[0]) for word in code.split()}


def test_every_verb_is_on_the_page_and_no_other() -> None:
    said = {code.split()[1] for code in codes(section("Commands")) if code.startswith("fata ")}
    assert said - {"--version"} == SHOWN


def test_every_command_line_of_ours_on_the_page_is_one() -> None:
    for code in codes(PAGE):
        words = code.split()
        if words[0] == "fata" and len(words) > 1 and words[1] in VERBS:
            options = re.findall(r"--[a-z-]+", code)
            assert {*options} <= {*options_of(words[1])}, code


def options_of(verb: str) -> Iterator[str]:
    """The options of a verb, and of those below it."""
    waiting = [importlib.import_module(VERBS[verb].module).command]
    while waiting:
        command = waiting.pop()
        waiting += command.commands.values() if isinstance(command, click.Group) else ()
        for parameter in command.params:
            yield from parameter.opts
    yield "--help"


def keys() -> set[str]:
    """The options of the keys that are built in, and of the boot arguments of devices."""
    tool = [key for one in TOOL.keys for key in (one.keys if isinstance(one, When) else (one,))]
    devices = (
        socket_stack(),
        http_server(),
        console_logs(),
        jobs.delay(1),
        name.guest_name(),
    )
    found = [
        key
        for impl in walk(devices, children)
        if isinstance(impl, functoria.Device)
        for key in device_keys(impl)
    ]
    return {f"--{key.option}" for key in (*tool, *found)}


@pytest.mark.parametrize("title", ["Options", "Keys that are built in", "Boot arguments"])
def test_every_option_of_ours_on_the_page_is_one(title: str) -> None:
    known = keys() | {option for verb in SHOWN for option in options_of(verb)} | {"--backtrace"}
    for code in ours(title):
        for option in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", code):
            assert option in known, code


def test_every_key_that_is_built_in_is_on_the_page() -> None:
    said = {code for row in rows("Keys that are built in") for code in codes(row[-1])}
    tool = [key for one in TOOL.keys for key in (one.keys if isinstance(one, When) else (one,))]
    assert {f"--{key.option}" for key in tool} <= said


def test_every_query_is_on_the_page_and_no_other() -> None:
    assert set(ours("Queries")) == set(queries_of(TOOL))


def test_every_element_of_the_dsl_is_on_the_page() -> None:
    said = set(re.findall(r"\w+", " ".join(ours("Elements of the DSL") + ours("Devices"))))
    assert set(fata.dsl.__all__) - said == set()


PYTHONS = {
    *("importlib", "atexit", "try", "finally", "print", "sys", "bytes", "memoryview", "None"),
    *("getaddrinfo", "open_connection", "tracemalloc", "stop", "tar", "mkfs"),
    *("name", "config"),
}
"""Words of the right columns that are Python's, the system's or of a requirement."""


@pytest.mark.parametrize("title", ["Elements of the DSL", "Devices"])
def test_what_the_page_has_as_ours_is_ours(title: str) -> None:
    functions = [one for one in vars(fata.dsl).values() if inspect.isfunction(one)]
    takers = [*functions, functoria.Device]
    keywords = {name for one in takers for name in inspect.signature(one).parameters}
    known = {*fata.dsl.__all__, *functoria.__all__, *dir(functoria.Value), *dir(action), *PYTHONS}
    for code in ours(title):
        name = re.match(r"(\w+)(=?)", code)
        if name is None or code.startswith(("examples/", "fata ", "fata.", "functoria.")):
            continue
        if name[2]:
            assert name[1] in keywords, code
        elif attribute := re.fullmatch(r"(key|SocketStack)\.(\w+)", code):
            owner = {"key": functoria.Key, "SocketStack": SocketStack}[attribute[1]]
            assert hasattr(owner, attribute[2]), code
        else:
            assert name[1] in known, code


def test_examples_that_the_page_names_are_there() -> None:
    for code in codes(PAGE):
        if code.startswith("examples/"):
            assert (ROOT / code / "config.py").is_file(), code


FLOOR = """
default_argv no_argv default_qubesdb default_sleep no_sleep default_ptime no_ptime mock_ptime
default_mtime no_mtime mock_mtime default_reporter no_reporter default_random no_random crunch
direct_kv_ro tar_kv_ro fat_ro generic_kv_ro docteur direct_kv_rw kv_rw_mem chamelon tar_kv_rw
block_of_file block_of_xenstore_id ramdisk generic_block ccm_block default_network netif ethif etif
arp create_ipv4 create_ipv6 create_ipv4v6 ipv4_of_dhcp dhcp_requests dhcp_proj_net dhcp_proj_ipv4
dhcp_proj_lease no_lease ipv4_qubes icmpv4 direct_udp direct_tcp direct_stackv4v6 generic_stackv4v6
socket_stackv4v6 generic_stackv4v6_with_lease tcpv4v6_of_stackv4v6 resolver_dns
resolver_unix_system generic_happy_eyeballs generic_dns_client syslog_udp syslog_tcp syslog_tls
monitoring conduit_direct mimic_happy_eyeballs cohttp_server httpaf_server cohttp_client paf_server
paf_client git_tcp git_ssh git_http merge_git_clients delay_startup unikernel_name io_page tracing
"""
"""The devices of mirage 4.11, and those of 2015 that were called otherwise or are gone."""

FLOOR_OPTIONS = """
--file --config-file --context-file --output --dry-run --target -v -q --verbosity --color
--eval --no-eval --dot --dot-command --depext --no-depext --extra-repos --no-extra-repo --man-format
--kv_ro --block --net --no-dhcp --utcp --disk-name --disk-output
--logs --delay --name --backtrace --interface --ipv4 --ipv4-gateway --ipv6 --ipv6-gateway
--accept-router-advertisements --ipv4-only --ipv6-only --resolver --dns-servers --dns-timeout
--dns-cache-size --ssh-key --ssh-password --ssh-authenticator --tls-authenticator --http-headers
--monitor --disk --analyze --randomize-hashtables
"""


def test_every_device_and_option_of_theirs_is_on_the_page() -> None:
    said = theirs("Devices")
    assert [one for one in FLOOR.split() if one not in said] == []
    titles = ("Options", "Keys that are built in", "Boot arguments")
    options = {word.partition("=")[0] for title in titles for word in theirs(title)}
    assert [one for one in FLOOR_OPTIONS.split() if one not in options] == []


def test_every_pain_of_the_page_has_a_test_of_its_number_and_every_test_a_row() -> None:
    numbers = [number for row in rows("What their users ask for") for number in row[0].split(", ")]
    listed = [int(number) for number in numbers if number]
    assert listed == list(range(1, 18))
    names = [name for name in vars(test_pains) if name.startswith("test_pain_")]
    tested = {int(found) for name in names for found in re.findall(r"_(\d+)(?=_)", name)}
    assert tested == set(listed)


def test_a_beginning_of_a_verb_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["conf", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: fata configure")

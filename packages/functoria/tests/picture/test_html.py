"""The page: whole, closed to the network, and complete without a script."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from functoria import JOB, Context, Device, Key
from functoria.converter import STRING
from functoria.picture import Annotation, as_html

from .samples import Program, chain, star, website

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "input"}


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314 - ours


def texts(root: ElementTree.Element) -> str:
    return " ".join("".join(root.itertext()).split())


class Balanced(HTMLParser):
    """Reads a page as a browser does, and fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.raw: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in VOID | {"rect", "path"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data


PROGRAMS = [website(), website("unix", cached=True), chain(30)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_reads_the_same_as_html_and_as_xml(program: Program) -> None:
    text = as_html(*program.arguments)
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert parsed(text).tag == f"{HTML}html"


def test_only_its_own_script_and_style_sheet_may_run() -> None:
    text = as_html(*website().arguments)
    parser = Balanced()
    parser.feed(text)
    (policy,) = (
        meta.get("content") or ""
        for meta in parsed(text).iter(f"{HTML}meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for name in ("style", "script"):
        digest = hashlib.sha256(parser.raw[name].encode()).digest()
        assert rules[f"{name}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert not [e for e in parsed(text).iter() if e.get("style") is not None]


def test_nothing_in_it_leads_out_of_it() -> None:
    text = as_html(*website().arguments)
    found = set(re.findall(r"https?://[^\"'\s]*", text))
    assert found == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    assert "url(" not in text
    assert "@import" not in text
    assert not [e for e in parsed(text).iter() if e.get("src") is not None]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_ids_are_unique_and_every_link_leads_to_one(program: Program) -> None:
    root = parsed(as_html(*program.arguments))
    ids = [e.get("id") for e in root.iter() if e.get("id") is not None]
    assert len(set(ids)) == len(ids)
    links = [e.get("href") or "" for e in root.iter() if e.get("href") is not None]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    named = [name for e in root.iter() for name in (e.get("aria-labelledby") or "").split()]
    assert set(named) <= set(ids)


def test_it_has_both_pictures_where_there_is_a_choice() -> None:
    root = parsed(as_html(*website().arguments))
    assert len(list(root.iter(f"{SVG}svg"))) == 2
    assert [e.get("id") for e in root.iter(f"{HTML}input")] == ["show-live", "show-all", "fit"]
    root = parsed(as_html(*chain(3).arguments))
    assert len(list(root.iter(f"{SVG}svg"))) == 1
    assert [e.get("id") for e in root.iter(f"{HTML}input")] == ["fit"]


def article(root: ElementTree.Element, name: str) -> str:
    found = (e for e in root.iter(f"{HTML}article") if e.get("id") == f"device-{name}")
    return texts(next(found))


def test_every_device_is_told_of_without_a_script() -> None:
    notes = {"stack": (Annotation("in the image", "13 kB", 13_000),)}
    program = website()
    root = parsed(as_html(*program.arguments, notes))
    boxes = program.picture(full=True).boxes
    found = [e.get("id") for e in root.iter(f"{HTML}article")]
    assert found == [f"device-{box.id}" for box in boxes]
    assert article(root, "stack") == (
        "stack stack TCP/IP net:GuestStack in the image: 13 kB Keys interface eth0 "
        "--gateway unset default, until boot · the router "
        "Needed by web as stack http as stack Chosen by --target, otherwise"
    )
    assert article(root, "choice_2") == (
        "--target stack Depends on --target virtio command line · where it runs "
        "Branches stack, unix: not taken stack, otherwise "
        "Needed by web as stack cache http as stack"
    )
    assert article(root, "stack_2").startswith("stack stack not taken")


def test_tables_have_every_key_and_every_device() -> None:
    notes = {"http": (Annotation("in the image", "182 kB", 182_000),)}
    root = parsed(as_html(*website().arguments, notes))
    keys, devices = root.iter(f"{HTML}table")
    assert [[texts(cell) for cell in row] for row in keys.iter(f"{HTML}tr")] == [
        ["Key", "Value", "From", "What it is"],
        ["--port", "80", "default, until boot", "where to listen"],
        ["--cached", "false", "default", "whether pages are kept"],
        ["--gateway", "unset", "default, until boot", "the router"],
        ["--target", "virtio", "command line", "where it runs"],
    ]
    rows = [[texts(cell) for cell in row] for row in devices.iter(f"{HTML}tr")]
    assert rows[0] == ["Device", "Type", "Constructor", "In the image", "Packages"]
    assert ["http", "http", "web.server:Server", "182 kB", "h11>=0.16"] in rows
    assert rows[-1] == ["stack not taken", "stack", "net:HostStack", "", ""]


def test_a_graph_that_is_too_large_is_tables_with_a_note() -> None:
    root = parsed(as_html(*star(10_000).arguments))
    assert not list(root.iter(f"{SVG}svg"))
    assert not list(root.iter(f"{HTML}input"))
    assert "too large for a picture" in texts(root)
    (devices,) = root.iter(f"{HTML}table")
    assert len(list(devices.iter(f"{HTML}tr"))) == 10_002


def test_text_from_a_configuration_cannot_become_markup() -> None:
    hostile = "</style></script><img src=x onerror=alert(1)>\"'&\x00"
    key = Key(name="a", converter=STRING, default=hostile, doc=hostile)
    notes = {"j": (Annotation(hostile, hostile),)}
    device = Device(name="j", type=JOB, constructor="m:a", keywords={"a": key}, doc=hostile)
    text = as_html(*Program(hostile, (device,), Context({})).arguments, notes)
    root = parsed(text)
    assert not list(root.iter(f"{HTML}img"))
    assert len(list(root.iter(f"{HTML}script"))) == 1
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []

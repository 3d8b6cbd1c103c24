"""A picture as one page of HTML that needs nothing else, and no network.

The page is well-formed XML too. Its content security policy allows the one style sheet and the
one script in it by their digests, and nothing from anywhere (Content Security Policy Level 3).
Without JavaScript everything is there; with it, devices light up what they need.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from functoria.picture.details import articles
from functoria.picture.markup import NOTHING, Markup, joined, tag, text
from functoria.picture.model import Kind, Picture
from functoria.picture.tables import device_table, key_table
from functoria.picture.theme import style_sheet

TOO_CROWDED = (
    "This graph is too large for a picture that anybody could read. "
    "The tables below hold all of it."
)

_VIEWS = (("live", "What is built"), ("all", "All branches"))
_HINT = "Choose a device to see what it needs and what needs it."


def html(full: Picture, drawings: Sequence[Markup]) -> str:
    """`html(full, drawings)` is the page of a program whose picture with all branches is `full`.

    `drawings` are the `svg` elements of the live graph and, if it differs, of all branches; none
    where the graph is too large.
    """
    style = Markup("\n" + style_sheet() + _resource("page.css"))
    script = Markup("\n" + _resource("page.js"))
    head = tag(
        "head",
        joined(
            NOTHING,
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", text(full.name)),
            tag("style", style),
        ),
    )
    body = tag(
        "body",
        joined(
            tag(
                "header", tag("h1", text(full.name)), tag("p", text(_counted(full)), class_="faint")
            ),
            tag(
                "main",
                joined(
                    _graph(full, drawings),
                    tag("h2", text("Keys"), id="keys"),
                    key_table(full),
                    tag("h2", text("Devices"), id="devices"),
                    device_table(full),
                ),
            ),
            tag("script", script),
        ),
    )
    page = tag("html", joined(head, body), xmlns="http://www.w3.org/1999/xhtml", lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing but this style sheet and this script, and nothing that leads out of the page."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _counted(full: Picture) -> str:
    live = [box for box in full.boxes if box.live]
    parts = [
        _number(sum(box.kind is Kind.JOB for box in live), "job"),
        _number(sum(box.kind is Kind.DEVICE for box in live), "device"),
        _number(sum(box.kind is Kind.CHOICE for box in live), "choice"),
    ]
    return ", ".join(part for part in parts if part)


def _number(count: int, name: str) -> str:
    return "" if count == 0 else f"{count} {name}{'' if count == 1 else 's'}"


def _graph(full: Picture, drawings: Sequence[Markup]) -> Markup:
    shown = [
        tag("div", drawing, class_=f"scroll {name}", role="region", aria_label=label, tabindex="0")
        for drawing, (name, label) in zip(drawings, _VIEWS, strict=False)
    ]
    details = tag(
        "section",
        joined(
            tag("h2", text("Device by device")),
            tag("p", text(_HINT), class_="hint"),
            *articles(full),
        ),
        id="details",
        aria_live="polite",
    )
    pictures = joined(*shown) or tag("p", text(TOO_CROWDED), class_="note")
    graph = tag("div", joined(tag("div", pictures), details), class_="graph")
    return joined(_controls(len(drawings)), graph)


def _controls(drawings: int) -> Markup:
    choices = [
        _control("radio", f"show-{view}", name, checked=view == "live") for view, name in _VIEWS
    ]
    fit = _control("checkbox", "fit", "Fit to the window", checked=False)
    shown = [*(choices if drawings > 1 else ()), *((fit,) if drawings else ())]
    return tag("div", joined(*shown), class_="controls") if shown else NOTHING


def _control(kind: str, identity: str, name: str, *, checked: bool) -> Markup:
    box = tag(
        "input",
        type=kind,
        id=identity,
        name="show" if kind == "radio" else None,
        checked="checked" if checked else None,
        autocomplete="off",
    )
    return tag("label", box, text(name))

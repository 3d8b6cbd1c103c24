"""The tables of a page: the keys of a program, and its devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from functoria.picture.markup import NOTHING, Markup, joined, tag, text
from functoria.picture.model import Box, Kind, Picture, Setting


def key_table(picture: Picture) -> Markup:
    """`key_table(picture)` is every key with its value, where that came from, and its purpose."""
    return setting_table(picture.settings)


def setting_table(settings: Iterable[Setting]) -> Markup:
    """`setting_table(settings)` is a table of them, or a word where there are none."""
    rows = [
        (
            tag("code", text(setting.name)),
            value_of(setting),
            text(_origin(setting)),
            text(setting.doc),
            text(setting.position),
        )
        for setting in settings
    ]
    return table(("Key", "Value", "From", "What it is", "Line"), rows)


def value_of(setting: Setting) -> Markup:
    """`value_of(setting)` is its value; one that somebody chose stands out."""
    if not setting.value:
        return tag("span", text(setting.shown), class_="unset")
    return tag("code", text(setting.value), class_="said" if setting.is_chosen else None)


def _origin(setting: Setting) -> str:
    if setting.stage == "boot":
        return "given at boot; this is the default"
    return setting.origin or "the configuration"


def device_table(picture: Picture) -> Markup:
    """`device_table(picture)` is every device, live ones first, with what the tool says of it."""
    names = tuple(dict.fromkeys(note.name for box in picture.boxes for note in box.annotations))
    devices = [box for box in picture.boxes if box.kind is not Kind.CHOICE]
    order = sorted(devices, key=lambda box: not box.live)
    heads = ("Device", "Type", "Constructor", *(n.capitalize() for n in names), "Packages", "Line")
    rows = [_device_row(box, names) for box in order]
    amounts = range(3, 3 + len(names))
    return table(heads, rows, amounts=amounts, dead=[not box.live for box in order])


def _device_row(box: Box, names: Sequence[str]) -> tuple[Markup, ...]:
    notes = {note.name: note.text for note in box.annotations}
    title = tag("a", text(box.title), href=f"#device-{box.id}")
    return (
        title if box.live else joined(title, tag("span", text("not taken"), class_="pill")),
        text(box.type),
        tag("code", text(box.constructor)),
        *(text(notes.get(name, "")) for name in names),
        text(", ".join(box.packages)),
        text(box.position),
    )


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Markup]],
    *,
    amounts: Iterable[int] = (),
    dead: Sequence[bool] = (),
) -> Markup:
    """`table(heads, rows)` is a table; columns that are empty in every row are left out."""
    if not rows:
        return tag("p", text("none"), class_="faint")
    kept = [n for n in range(len(heads)) if n == 0 or any(row[n] for row in rows)]
    right = set(amounts)
    head = tag(
        "tr", *(tag("th", text(heads[n]), scope="col", class_=_class(n, right)) for n in kept)
    )
    body = [
        tag(
            "tr",
            *(tag("td", row[n], class_=_class(n, right)) for n in kept),
            class_="dead" if number < len(dead) and dead[number] else None,
        )
        for number, row in enumerate(rows)
    ]
    whole = tag("table", tag("thead", head), tag("tbody", joined(NOTHING, *body)))
    return tag("div", whole, class_="tables")


def _class(column: int, amounts: set[int]) -> str | None:
    return "amount" if column in amounts else None

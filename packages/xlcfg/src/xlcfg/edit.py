"""Changing a configuration and nothing else in its text.

Comments, blank lines, spacing and the order of the settings stay as the operator wrote them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xlcfg.evaluate import evaluate
from xlcfg.tree import (
    Document,
    List,
    Operator,
    Plain,
    Setting,
    String,
    Value,
    data_of,
    written,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable


def set_value(document: Document, name: str, data: Plain) -> Document:
    """The configuration in which `name` says `data`.

    The last setting of the name changes; what `+=` added before goes. A name without a setting
    gets one at the end. Items of a list that stay keep their layout, and so do equal values.
    Raises `ValueError` for a string with a NUL character.
    """
    value = written(data)
    found = evaluate(document).get(name)
    if found is None:
        return _append(document, name, value)
    if found.data == data_of(value):
        return document
    used = {id(setting) for setting in found.settings}
    first, *added = _places(document, lambda setting: id(setting) in used)
    for place in reversed(added):
        document = _without(document, place)
    old = document.settings[first]
    fresh = replace(old, operator=Operator.SET, value=_merged(old.value, value))
    settings = (*document.settings[:first], fresh, *document.settings[first + 1 :])
    return replace(document, settings=settings)


def unset(document: Document, name: str) -> Document:
    """The configuration without the settings of `name`; comments above them stay."""
    for place in reversed(_places(document, lambda setting: setting.name == name)):
        document = _without(document, place)
    return document


def _places(document: Document, wanted: Callable[[Setting], bool]) -> list[int]:
    return [place for place, setting in enumerate(document.settings) if wanted(setting)]


def _merged(old: Value, new: Value) -> Value:
    """The new value, written like the old one as far as they are alike."""
    if isinstance(old, String) and isinstance(new, String):
        if old.quoted is not new.quoted and old.value == new.value:
            return old
        return _like(old, new)
    if not (isinstance(old, List) and isinstance(new, List)):
        return new
    if len(old.items) == len(new.items):
        items = tuple(
            replace(there, value=_merged(there.value, here.value))
            for there, here in zip(old.items, new.items, strict=True)
        )
        return replace(old, items=items)
    return _resized(old, new)


def _resized(old: List, new: List) -> Value:
    """A list of another length: items that were there keep their layout and their comments."""
    if not old.items or not new.items:
        return replace(new, tail=old.tail if not new.items else new.tail)
    left = list(old.items)
    model = old.items[-1]
    items = []
    for item in new.items:
        data = data_of(item.value)
        same = next((there for there in left if data_of(there.value) == data), None)
        if same is not None:
            left.remove(same)
        lead = model.lead.rpartition("\n")
        plain = replace(item, lead=f"{lead[1]}{lead[2]}" or " ", trail="")
        if same is not None and not same.comma and not same.trail.strip(" \t"):
            same = replace(same, trail="")
        items.append(replace(same or plain, comma=True))
    if items[0].lead == " " and "#" not in old.items[0].lead:
        items[0] = replace(items[0], lead=old.items[0].lead)
    items[-1] = replace(items[-1], comma=model.comma)
    if not (model.comma or items[-1].trail or "#" in model.trail):
        items[-1] = replace(items[-1], trail=model.trail)
    return replace(old, items=tuple(items))


def _like(old: String, new: String) -> String:
    """A string in the quotes of the old one, where it needs no escape for that."""
    text = new.value
    single = old.text[0] == "'" and new.quoted and "\\" not in new.text and "'" not in text
    return String(f"'{text}'") if single else new


def _append(document: Document, name: str, value: Value) -> Document:
    """The document with a setting more, spaced like the last one and on a line of its own."""
    settings = document.settings
    before, after = (settings[-1].before, settings[-1].after) if settings else (" ", " ")
    lead = document.tail
    if lead:
        lead += "" if lead.endswith("\n") else "\n"
    elif settings and not settings[-1].end.endswith("\n"):
        lead = "\n" if settings[-1].end.endswith(";") else ""
        if not lead:
            settings = (*settings[:-1], replace(settings[-1], end=settings[-1].end + "\n"))
    fresh = Setting(lead, name, before, Operator.SET, after, value, "\n")
    return Document((*settings, fresh))


def _without(document: Document, place: int) -> Document:
    """The document without one setting; what was above it is now above the next."""
    setting = document.settings[place]
    rest = setting.lead
    shared = place > 0 and not document.settings[place - 1].end.endswith("\n")
    if shared and "\n" not in rest and setting.end.endswith("\n"):
        rest += setting.end
    before, after = document.settings[:place], document.settings[place + 1 :]
    if not after:
        return Document(before, rest + document.tail)
    return Document(
        (*before, replace(after[0], lead=rest + after[0].lead), *after[1:]), document.tail
    )

"""Whether a value is of the kind that its option takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcfg.check.report import Joined, Report, joined
from xlcfg.cnumber import whole
from xlcfg.rules import ABBREVIATED, ADDED_NUMBER, LIST_ITEM, NUMBER, VALUE, WRONG_TYPE
from xlcfg.schema.kinds import Boolean, Choice, Integer, Kind, Listed, Spec, Text
from xlcfg.tree import List, String, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlcfg.evaluate import Effective
    from xlcfg.rules import Rule


def check_value(report: Report, effective: Effective, items: int | None = None) -> None:
    """Report what is wrong with the value of an option.

    `items` is how many items of a list `xl` looks at, where it does not look at all.
    """
    kind = report.option.kind
    name = report.option.name
    at = effective.last.value.at
    if isinstance(kind, Listed):
        if effective.is_list:
            _items(report, kind, effective.values[:items])
        elif kind.alone is None:
            report.add(kind.mistyped, f"`{name}` is no list", at, "put it in brackets")
        else:
            _lonely(report, kind, effective)
            _string(report, kind.alone, joined(*effective.strings), effective.added)
    elif effective.is_list:
        report.add(_misplaced(kind), f"`{name}` is a list", at, "write one value without brackets")
    else:
        _string(report, kind, joined(*effective.strings), effective.added)


def _misplaced(kind: Kind) -> Rule:
    """The rule that a list breaks where one value is due."""
    match kind:
        case Choice(mistyped=rule):
            return rule
        case Integer(unread=rule) if rule is not NUMBER:
            return rule
        case _:
            return WRONG_TYPE


def _lonely(report: Report, kind: Listed, effective: Effective) -> None:
    if kind.lonely is not None:
        what = f"`{report.option.name}` is a string, which is deprecated"
        report.add(kind.lonely, what, effective.last.value.at, "write a list of strings")


def _items(report: Report, kind: Listed, values: Sequence[Value]) -> None:
    name = report.option.name
    inner = kind.item
    for value in values:
        if isinstance(inner, Listed):
            if isinstance(value, List):
                _items(report, inner, value.values)
            else:
                do = "put its strings in brackets of their own"
                report.add(inner.mistyped, f"an item of `{name}` is no list", value.at, do)
        elif isinstance(value, String):
            _string(report, inner, joined(value), added=False)
        else:
            what = f"an item of `{name}` is a list"
            report.add(kind.odd or LIST_ITEM, what, value.at, "write a string")
            return


def _string(report: Report, kind: Kind, value: Joined, added: bool) -> None:
    match kind:
        case Integer() | Boolean():
            _number(report, kind, value, added)
        case Choice():
            _choice(report, kind, value, added)
        case Spec(flaws, page):
            for flaw in flaws(value.value):
                report.add(flaw.rule, flaw.what, value.place(flaw.offset), flaw.do, page)
        case Text() | Listed():
            pass


def _number(report: Report, kind: Integer | Boolean, value: Joined, added: bool) -> None:
    name = report.option.name
    bounds = kind if isinstance(kind, Integer) else Integer()
    if added:
        rule = ADDED_NUMBER if bounds.unread is NUMBER else bounds.unread
        report.add(rule, f"`+=` cannot add to the number `{name}`", value.at, "write `=`")
        return
    number = whole(value.value)
    if number is None:
        what = f"`{name}` is no number but {_shown(value.value)}"
        do = "write 0 or 1" if isinstance(kind, Boolean) else _digits(value.value)
        report.add(bounds.unread, what, value.at, do)
    elif not bounds.low <= number <= bounds.high:
        what = f"`{name}` cannot be {number}"
        do = f"write a number from {bounds.low} to {bounds.high}"
        report.add(bounds.outside, what, value.at, do)


def _choice(report: Report, kind: Choice, value: Joined, added: bool) -> None:
    name = report.option.name
    text = value.value.lower() if kind.fold else value.value
    number = whole(value.value) if kind.numbers and not added else None
    if number is not None:
        _numbered(report, kind, value, number)
        return
    if text in kind.words:
        return
    meant = [word for word in kind.words if word.startswith(text)] if kind.begins else []
    if meant:
        what = f"`{name}` is {_shown(text)}, which `xl` takes for `{meant[0]}`"
        report.add(ABBREVIATED, what, value.at, f"write `{meant[0]}`")
        return
    do = f"write one of {', '.join(f'`{word}`' for word in kind.words)}"
    if name == "builder" and text == "linux":
        do = 'remove it and write `type = "pv"` or `type = "pvh"`'
    report.add(VALUE, f"`{name}` cannot be {_shown(value.value)}", value.at, do)


def _numbered(report: Report, kind: Choice, value: Joined, number: int) -> None:
    name = report.option.name
    if not 0 <= number < kind.numbers:
        do = f"write one of {', '.join(f'`{word}`' for word in kind.words)}"
        report.add(kind.excess, f"`{name}` cannot be {number}", value.at, do)
    elif kind.numbered is not None:
        what = f"`{name}` is a number, which is deprecated"
        report.add(kind.numbered, what, value.at, f'write `"{kind.words[number]}"`')


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:40]}..."
    return f"`{short}`"


def _digits(text: str) -> str:
    return "write digits only: the unit is fixed" if text[:1].isdigit() else "write a number"

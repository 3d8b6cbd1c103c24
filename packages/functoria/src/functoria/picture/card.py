"""A card: a box with everything in its place, measured so that nothing sticks out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from functoria.picture.model import Box, Kind, Setting
from functoria.picture.text import Font, bold, clean, mono, sans


class Style(Enum):
    """How a text looks: the class in the style sheet, and the font that it is measured with."""

    TITLE = ("title", bold(14))
    TYPE = ("type", sans(11))
    CODE = ("code", mono(10.5))
    NAME = ("name", mono(10.5))
    VALUE = ("value", mono(10.5))
    CHOSEN = ("chosen", mono(10.5))
    UNSET = ("unset", sans(11))
    FOOT = ("foot", sans(11))
    LABEL = ("label", mono(10.5))
    TAKEN = ("taken", mono(10.5))

    @property
    def css(self) -> str:
        """The class in the style sheet."""
        return self.value[0]

    @property
    def font(self) -> Font:
        """The font that it is measured with."""
        return self.value[1]


class Anchor(Enum):
    """Which end of a text stands at its x, in the words of SVG."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text: its base line begins, is centred or ends at `(x, y)` of its card."""

    x: float
    y: float
    text: str
    style: Style
    anchor: Anchor = Anchor.START

    @property
    def left(self) -> float:
        """Where the text begins at the widest."""
        part = {Anchor.START: 0.0, Anchor.MIDDLE: 0.5, Anchor.END: 1.0}[self.anchor]
        return self.x - part * self.width

    @property
    def width(self) -> float:
        """How wide it is at most."""
        return self.style.font.width(self.text)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on a card: the `pill` behind a type, a `rule`, the `cell` of a branch."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Card:
    """A box's size in whole pixels and what is on it; `ports` are where its branches leave."""

    width: int
    height: int
    labels: tuple[Label, ...]
    areas: tuple[Area, ...]
    ports: tuple[float, ...] = ()


_LEFT = 16
_RIGHT = 12
_WIDEST = 304
_NARROWEST = 132
_LINE = 17
_SHOWN = 7
_PILL = 16
_LEAST_TYPE = 60
_CELL = 24


def card_of(box: Box) -> Card:
    """`card_of(box)` is the card of a device, a job or a choice."""
    return _choice_card(box) if box.kind is Kind.CHOICE else _device_card(box)


def _even(width: float) -> int:
    return 2 * int((width + 1.999) / 2)


def _device_card(box: Box) -> Card:
    rows = _rows(box)
    foot = (clean(box.position), _note(box))
    natural = max(
        _heading_width(box),
        Style.CODE.font.width(clean(box.constructor)),
        *(_pair_width(name, value, style) for name, value, style in rows),
        _pair_width(*foot, Style.FOOT),
    )
    width = _even(min(_WIDEST, max(_NARROWEST, natural + _LEFT + _RIGHT)))
    inner = width - _LEFT - _RIGHT
    labels, areas = _heading(box, width)
    y = 41.0
    code = Style.CODE.font.fit_end(clean(box.constructor), inner)
    labels.append(Label(_LEFT, y, code, Style.CODE))
    if rows:
        areas.append(Area("rule", _LEFT, y + 8, inner, 1))
        y += 8
    for name, value, style in rows:
        y += _LINE
        labels += _pair(name, value, style, y, width)
    if any(foot):
        y += _LINE + 3
        labels += _pair(*foot, Style.FOOT, y, width, name_style=Style.FOOT)
    return Card(width, round(y) + 11, tuple(labels), tuple(areas))


def _heading_width(box: Box) -> float:
    title = Style.TITLE.font.width(clean(box.title))
    return title + _PILL + 10 + Style.TYPE.font.width(clean(box.type))


def _heading(box: Box, width: int) -> tuple[list[Label], list[Area]]:
    """The title at the left, the type in its pill at the right; a long type gives way first."""
    inner = width - _LEFT - _RIGHT
    wanted = min(_LEAST_TYPE, Style.TYPE.font.width(clean(box.type)))
    title = Style.TITLE.font.fit(clean(box.title), inner - wanted - _PILL - 10)
    room = inner - Style.TITLE.font.width(title) - 10 - _PILL
    type_ = Style.TYPE.font.fit_end(clean(box.type), room)
    wide = Style.TYPE.font.width(type_) + _PILL
    pill = Area("pill", width - _RIGHT - wide, 9.5, wide, 18)
    middle = width - _RIGHT - wide / 2
    return [
        Label(_LEFT, 23, title, Style.TITLE),
        Label(middle, 22.5, type_, Style.TYPE, Anchor.MIDDLE),
    ], [pill]


def _rows(box: Box) -> list[tuple[str, str, Style]]:
    """The settings and packages as pairs; the first few, and how many more there are."""
    rows = [_row(setting) for setting in box.settings]
    rows += [("package", clean(package), Style.VALUE) for package in box.packages]
    if len(rows) > _SHOWN:
        rows = [*rows[: _SHOWN - 1], (f"and {len(rows) - _SHOWN + 1} more", "", Style.VALUE)]
    return rows


def _row(setting: Setting) -> tuple[str, str, Style]:
    name = clean(setting.name)
    style = Style.CHOSEN if setting.is_chosen else Style.VALUE
    return name, clean(setting.shown), style if setting.value else Style.UNSET


def _note(box: Box) -> str:
    if not box.live:
        return "not taken"
    return " \N{MIDDLE DOT} ".join(clean(note.text) for note in box.annotations)


def _pair_width(name: str, value: str, style: Style) -> float:
    first = Style.FOOT if style is Style.FOOT else Style.NAME
    return first.font.width(name) + 14 + style.font.width(value)


def _pair(
    name: str, value: str, style: Style, y: float, width: int, name_style: Style = Style.NAME
) -> list[Label]:
    """A name at the left and a value at the right; the longer of them gives way."""
    inner = width - _LEFT - _RIGHT - (14 if value else 0)
    name = name_style.font.fit(name, max(inner / 2, inner - style.font.width(value)))
    value = style.font.fit(value, inner - name_style.font.width(name))
    labels = [Label(_LEFT, y, name, name_style)] if name else []
    if value:
        labels.append(Label(width - _RIGHT, y, value, style, Anchor.END))
    return labels


def _choice_card(box: Box) -> Card:
    chosen = ", ".join(clean(s.value) for s in box.settings if s.value is not None)
    chosen = chosen if box.live else "not taken"
    style = Style.CHOSEN if box.live else Style.FOOT
    texts = [(clean(branch.label), branch.taken) for branch in box.branches]
    cells = [_cell_width(text, taken) for text, taken in texts]
    natural = _pair_width(clean(box.title), chosen, style) + _LEFT + _RIGHT
    width = _even(max(min(_WIDEST, max(_NARROWEST, natural)), sum(cells)))
    stretch = (width - sum(cells)) / len(cells)
    labels = _pair(clean(box.title), chosen, style, 21, width)
    areas: list[Area] = []
    ports: list[float] = []
    x, top = 0.0, 32
    for (text, taken), cell in zip(texts, cells, strict=True):
        wide = cell + stretch
        shown = (Style.TAKEN if taken else Style.LABEL).font.fit(text, wide - 12)
        areas.append(Area("cell taken" if taken else "cell", x, top, wide, _CELL))
        label_style = Style.TAKEN if taken else Style.LABEL
        labels.append(Label(x + wide / 2, top + 16, shown, label_style, Anchor.MIDDLE))
        ports.append(x + wide / 2)
        x += wide
    return Card(width, top + _CELL, tuple(labels), tuple(areas), tuple(ports))


def _cell_width(text: str, taken: bool) -> float:
    style = Style.TAKEN if taken else Style.LABEL
    return max(48.0, min(_WIDEST / 2, style.font.width(text) + 20))

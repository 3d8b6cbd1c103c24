"""Charts as SVG: drawn here, so that they need no script, and say to everybody what they show."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fata.dashboard.amounts import ceiling

_WIDTH, _HEIGHT = 320, 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 6, 10, 22
_INNER, _TALL = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_PARTS = 4
HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Line:
    """`Line(label, values)` is one of at most two; a value that is `None` is not known."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """`Chart(name, title, lines, start, end, unit)` is how lines went between two times.

    `name` is unique on its page. `unit` shows an amount, `base` is 10 or 1024. The axis reaches
    `least` at least, and `limit`, which is drawn too.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    start: float
    end: float
    unit: Callable[[float], str]
    base: int = 10
    least: float = 0.0
    limit: float | None = None

    @property
    def top(self) -> float:
        """Where the axis of amounts ends."""
        known = [value for line in self.lines for value in line.values if value is not None]
        return ceiling(max((self.least, self.limit or 0.0, *known)), self.base)

    @property
    def latest(self) -> str:
        """The newest values that are known, in words."""
        found = []
        for line in self.lines:
            value = next((one for one in reversed(line.values[-4:]) if one is not None), None)
            if value is not None:
                label = f"{line.label} " if len(self.lines) > 1 else ""
                found.append(f"{label}{self.unit(value)}")
        return ", ".join(found)


def svg(chart: Chart) -> str:
    """`svg(chart)` is the picture as an element for a page; all text in it is escaped."""
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{_text(chart.name)}-title {_text(chart.name)}-desc">',
        f'<title id="{_text(chart.name)}-title">{_text(chart.title)}</title>',
        f'<desc id="{_text(chart.name)}-desc">{_text(_described(chart))}</desc>',
        *_amounts(chart),
        *_times(chart),
    ]
    if chart.limit is not None:
        parts.append(f'<path class="limit" d="M{_LEFT} {_y(chart, chart.limit)}h{_INNER}"/>')
    for number, line in enumerate(chart.lines):
        area, stroke = _drawn(chart, line)
        if area and number == 0:
            parts.append(f'<path class="area" d="{area}"/>')
        if stroke:
            parts.append(f'<path class="line line-{number}" d="{stroke}"/>')
    return "".join((*parts, *_columns(chart), "</svg>"))


def sparkline(name: str, title: str, values: Sequence[float | None]) -> str:
    """`sparkline(name, title, values)` is a small picture of how something went."""
    known = [value for value in values if value is not None]
    top = max((*known, 1e-9))
    step = 96 / max(1, len(values) - 1)
    points = [
        None if value is None else f"{2 + number * step:.1f} {22 - 20 * value / top:.1f}"
        for number, value in enumerate(values)
    ]
    return (
        f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-labelledby="{_text(name)}">'
        f'<title id="{_text(name)}">{_text(title)}</title>'
        f'<path class="line line-0" d="{_joined(points)}"/></svg>'
    )


def _described(chart: Chart) -> str:
    said = []
    for line in chart.lines:
        known = [value for value in line.values if value is not None]
        if not known:
            said.append(f"Of {line.label} nothing is known.")
            continue
        mean = chart.unit(sum(known) / len(known))
        said.append(
            f"{line.label[:1].upper()}{line.label[1:]}: {chart.unit(min(known))} to "
            f"{chart.unit(max(known))}, {mean} on average."
        )
    return f"From {_minute(chart.start)} to {_minute(chart.end)} UTC. {' '.join(said)}"


def _amounts(chart: Chart) -> list[str]:
    """The axis of amounts: lines across, each with what it stands for."""
    parts = []
    for part in range(0, _PARTS + 1, 2 if chart.top <= 2 else 1):
        value = chart.top * part / _PARTS
        y = _y(chart, value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}h{_INNER}"/>')
        parts.append(
            f'<text class="tick" x="{_LEFT - 6}" y="{float(y) + 3.5:.1f}" text-anchor="end">'
            f"{_text(chart.unit(value))}</text>"
        )
    return parts


def _times(chart: Chart) -> list[str]:
    """The axis of times, at whole quarters of an hour or at every sixth hour."""
    step = 900.0 if chart.end - chart.start <= HOUR else 21600.0
    parts = []
    at = (chart.start // step + 1) * step
    while at <= chart.end:
        x = _LEFT + _INNER * (at - chart.start) / (chart.end - chart.start)
        if x < _WIDTH - 24:
            parts.append(f'<path class="grid" d="M{x:.1f} {_TOP + _TALL}v4"/>')
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - 5}" text-anchor="middle">'
                f"{_minute(at)}</text>"
            )
        at += step
    return parts


def _drawn(chart: Chart, line: Line) -> tuple[str, str]:
    """The area below a line and the line itself, with a gap where nothing is known."""
    points = [
        None if value is None else f"{_x(number, len(line.values))} {_y(chart, value)}"
        for number, value in enumerate(line.values)
    ]
    bottom, areas, piece = f"{_TOP + _TALL}", [], list[str]()
    for point in (*points, None):
        if point is not None:
            piece.append(point)
        elif piece:
            first, last = piece[0].split()[0], piece[-1].split()[0]
            areas.append(f"M{first} {bottom}L{' '.join(piece)} {last} {bottom}Z")
            piece = []
    return "".join(areas), _joined(points)


def _joined(points: Sequence[str | None]) -> str:
    """A path through the points; a lone one is a dot."""
    path, before = "", False
    for number, point in enumerate(points):
        if point is not None:
            alone = not before and (number + 1 == len(points) or points[number + 1] is None)
            path += f"{'L' if before else 'M'}{point}{'h.1' if alone else ''}"
        before = point is not None
    return path


def _columns(chart: Chart) -> list[str]:
    """Columns that cover the chart, each with what was so at its time."""
    count = len(chart.lines[0].values)
    width = (chart.end - chart.start) / count
    parts = []
    for number in range(count):
        values = [(line.label, line.values[number]) for line in chart.lines]
        known = [
            f"{label} {chart.unit(value)}" if len(values) > 1 else chart.unit(value)
            for label, value in values
            if value is not None
        ]
        if known:
            said = f"{_minute(chart.start + (number + 0.5) * width)} UTC: {', '.join(known)}"
            x = _LEFT + _INNER * number / count
            parts.append(
                f'<rect class="hit" x="{x:.1f}" y="{_TOP}" width="{_INNER / count:.2f}" '
                f'height="{_TALL}"><title>{_text(said)}</title></rect>'
            )
    return parts


def _x(number: int, count: int) -> str:
    return f"{_LEFT + _INNER * (number + 0.5) / count:.1f}"


def _y(chart: Chart, value: float) -> str:
    return f"{_TOP + _TALL * (1 - min(1.0, value / chart.top)):.1f}"


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M")


def _text(text: str) -> str:
    return html.escape(text)

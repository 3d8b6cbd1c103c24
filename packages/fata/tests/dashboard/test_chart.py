"""Charts: what they show, to eyes and to others, and that text in them stays text."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.dashboard import amounts
from fata.dashboard.amounts import binary, ceiling, figures, percent, rate
from fata.dashboard.chart import HOUR, Chart, Line, sparkline, svg

from .host import NOW

HOSTILE = '"><script>alert(1)</script><!-- & \x00'


def chart(*values: float | None, **more: object) -> Chart:
    start = NOW - HOUR
    return Chart(  # type: ignore[misc]
        *("cpu", "Processor", (Line("processor", values),), start, NOW, percent), **more
    )


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - it is ours


def test_a_chart_says_in_words_what_it_shows() -> None:
    made = parsed(svg(chart(0.1, 0.3, None)))
    assert made.get("role") == "img"
    title, described = made[0], made[1]
    assert made.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert title.text == "Processor"
    assert described.text == ("From 13:13 to 14:13 UTC. Processor: 10 % to 30 %, 20 % on average.")


def test_axes_have_units() -> None:
    ticks = [one.text for one in parsed(svg(chart(0.17))).iter("text")]
    assert ticks == ["0 %", "10 %", "20 %", "13:15", "13:30", "13:45", "14:00"]


def test_each_part_says_its_value() -> None:
    said = [one[0].text for one in parsed(svg(chart(0.1, None, 0.2))).iter("rect")]
    assert said == ["13:23 UTC: 10 %", "14:03 UTC: 20 %"]


def test_what_is_not_known_is_a_gap() -> None:
    paths = [one.get("d", "") for one in parsed(svg(chart(1.0, 1.0, None, 1.0, 1.0))).iter("path")]
    assert max(path.count("M") for path in paths) == 2


def test_a_chart_of_nothing_is_a_chart() -> None:
    made = parsed(svg(chart(None, None)))
    assert "nothing is known" in (made[1].text or "")
    assert not list(made.iter("rect"))


def test_text_in_a_chart_is_text() -> None:
    lines = (Line(HOSTILE, (1.0,)), Line("b", (2.0,)))
    text = svg(Chart(HOSTILE, HOSTILE, lines, 0, HOUR, lambda _: HOSTILE))
    assert "<script" not in text
    assert "<script" not in sparkline(HOSTILE, HOSTILE, (1.0,))


@given(st.lists(st.none() | st.floats(0, 1e15), min_size=1, max_size=30))
def test_no_values_break_a_chart(values: list[float | None]) -> None:
    text = svg(chart(*values, limit=5.0))
    assert "nan" not in text
    assert "inf" not in text
    parsed(text)


@given(st.floats(1e-9, 1e18), st.sampled_from([10, 1024]))
def test_an_axis_ends_at_a_round_number_that_is_not_less(amount: float, base: int) -> None:
    top = ceiling(amount, base)
    assert amount <= top * (1 + 1e-9)
    assert top <= amount * 2.5 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (binary(0), "0 B"),
        (binary(1536), "1.5 KiB"),
        (binary(16 << 30), "16 GiB"),
        (binary(1 << 62), "4194304 TiB"),
        (rate(999), "999 B/s"),
        (percent(0.001), "0.1 %"),
        (percent(2.5), "250 %"),
        (figures(9.96), "10"),
        (amounts.clock(NOW), "14:13:20"),
        (amounts.iso(NOW), "2026-09-21T14:13:20+00:00"),
    ],
)
def test_amounts_read_well(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_limit_is_on_the_chart() -> None:
    assert chart(0.1, limit=0.9).top >= 0.9
    assert math.isclose(chart(0.1).top, 0.1)

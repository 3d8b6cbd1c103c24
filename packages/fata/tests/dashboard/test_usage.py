"""What guests use, from counters that begin anew with each guest."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fata.dashboard.usage import Quantity, Span, means, spans
from fata.deploy.records.samples import Sample

from .host import WEBSITE, samples


def sample(at: float, cpu: float = 0.0, **more: object) -> Sample:
    first = Sample(at, 1, cpu, 1000, 0, 0, 0, 0)
    return replace(first, **more)  # type: ignore[arg-type]


def test_a_rate_is_what_was_counted_in_a_second() -> None:
    found = tuple(spans((sample(0, 1.0), sample(10, 3.5)), Quantity.CPU))
    assert found == (Span(0, 10, 0.25),)


def test_traffic_has_two_directions() -> None:
    two = (sample(0, received=100, sent=5), sample(10, received=300, sent=1005))
    assert [span.value for span in spans(two, Quantity.RECEIVED)] == [20]
    assert [span.value for span in spans(two, Quantity.SENT)] == [100]


def test_memory_is_what_is_held_and_no_rate() -> None:
    two = (sample(0, memory=1), sample(10, memory=64))
    assert [span.value for span in spans(two, Quantity.MEMORY)] == [64]


def test_a_guest_that_was_started_again_counts_from_nothing() -> None:
    """No rate is shown for the time of the restart: least of all one below nothing."""
    three = (sample(0, 50.0, received=9), sample(10, 0.2, received=400), sample(20, 1.2))
    for quantity in Quantity:
        assert [span.start for span in spans(three[:2], quantity)] == []
    assert [span.value for span in spans(three, Quantity.CPU)] == [0.1]


def test_another_generation_counts_for_itself() -> None:
    two = (sample(0, 5.0), sample(10, 6.0, generation=2))
    assert not tuple(spans(two, Quantity.CPU))


def test_nothing_is_known_of_the_time_in_which_nobody_looked() -> None:
    assert not tuple(spans((sample(0), sample(3600, 1.0)), Quantity.CPU))


def test_what_is_not_counted_is_not_known() -> None:
    two = (sample(0, received=None), sample(10, received=None))
    assert not tuple(spans(two, Quantity.RECEIVED))


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    three = (sample(100, 1.0), sample(100, 2.0), sample(90, 3.0))
    assert not tuple(spans(three, Quantity.CPU))


def test_means_weigh_by_time_and_leave_gaps() -> None:
    found = (Span(0, 10, 1.0), Span(10, 15, 4.0), Span(30, 40, 8.0))
    assert means(found, 0, 40, 4) == (1.0, 4.0, None, 8.0)
    assert means(found, 0, 20, 1) == (2.0,)


def test_what_lies_outside_does_not_count() -> None:
    assert means((Span(-10, 10, 1.0), Span(95, 200, 3.0)), 0, 100, 2) == (1.0, 3.0)


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e9), st.integers(1, 3)), max_size=50),
    st.integers(1, 50),
)
def test_rates_are_never_below_nothing(raw: list[tuple[float, float, int]], parts: int) -> None:
    found = [sample(at, cpu, generation=number) for at, cpu, number in raw]
    values = means(tuple(spans(found, Quantity.CPU)), 0, 1e6, parts)
    assert all(value is None or (value >= 0 and math.isfinite(value)) for value in values)


def test_a_day_of_samples_has_one_gap_where_the_guest_was_started_again() -> None:
    day = samples(WEBSITE)
    assert len(tuple(spans(day, Quantity.CPU))) == len(day) - 2

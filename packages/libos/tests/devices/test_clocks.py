"""Clocks: the machine's own, and one that a test moves."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.clock import SystemClock
from libos.mock_clock import MockClock

from .clock_conformance import ClockConformance


class TestSystemClock(ClockConformance):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    def test_it_is_the_machines_own(self, clock: SystemClock) -> None:
        assert abs(clock.now() - time.time()) < 1


class TestMockClock(ClockConformance):
    @pytest.fixture
    def clock(self) -> MockClock:
        return MockClock()


class TestFastClock(ClockConformance):
    @pytest.fixture
    def clock(self) -> MockClock:
        return MockClock(rate=5.0)


def test_a_year_passes_in_no_time() -> None:
    clock = MockClock(start=1_000_000_000)
    began = time.monotonic()

    async def main() -> None:
        for _ in range(365):
            await clock.sleep(86400)

    asyncio.run(main())
    assert clock.now() == 1_000_000_000 + 365 * 86400
    assert time.monotonic() - began < 60


def test_time_stands_still_until_it_is_slept_or_told() -> None:
    clock = MockClock(start=100)
    time.sleep(0.001)
    assert (clock.now(), clock.monotonic()) == (100, 0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (101.5, 1.5)


def test_being_told_wakes_whose_time_has_come() -> None:
    clock = MockClock(rate=0.001)  # so slowly that nothing wakes by itself
    woken = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async def main() -> None:
        tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (30, 10, 20)]
        await asyncio.sleep(0)
        clock.advance(25)
        await asyncio.wait(tasks, timeout=0.01)
        assert woken == [10, 20]
        clock.advance(5)
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert woken == [10, 20, 30]


def test_news_travels_between_tasks_before_time_moves_on() -> None:
    clock = MockClock()
    seen = []

    async def relay(queues: list[asyncio.Queue[int]], here: int) -> None:
        while True:
            value = await queues[here].get()
            seen.append((here, clock.monotonic()))
            if here + 1 < len(queues):
                await queues[here + 1].put(value)

    async def main() -> None:
        queues: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in range(10)]
        tasks = [asyncio.create_task(relay(queues, n)) for n in range(10)]
        for value in range(3):
            await clock.sleep(1)
            await queues[0].put(value)
        await clock.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    assert seen == [(here, float(second)) for second in (1, 2, 3) for here in range(10)]


def test_a_rate_is_how_many_times_faster_the_clock_runs() -> None:
    clock = MockClock(rate=1000)
    began = time.monotonic()
    asyncio.run(clock.sleep(60))
    passed = time.monotonic() - began
    assert 0.059 < passed < 30
    assert clock.monotonic() >= 60


def test_a_clock_outlives_an_event_loop_that_ended_in_the_middle_of_a_sleep() -> None:
    clock = MockClock()

    async def leave() -> None:
        asyncio.get_running_loop().call_soon(asyncio.create_task, clock.sleep(5))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(leave())
    asyncio.run(clock.sleep(7))
    assert clock.monotonic() == 7


@given(st.lists(st.integers(0, 20), max_size=12))
def test_the_same_program_goes_the_same_way_each_time(times: list[int]) -> None:
    def history() -> list[tuple[int, float]]:
        clock, woken = MockClock(), []

        async def sleeper(number: int, seconds: int) -> None:
            await clock.sleep(seconds)
            await clock.sleep(seconds % 3)
            woken.append((number, clock.monotonic()))

        async def main() -> None:
            await asyncio.gather(*(sleeper(n, seconds) for n, seconds in enumerate(times)))

        asyncio.run(main())
        return woken

    first = history()
    assert first == history()
    assert [at for _, at in sorted(first)] == [s + s % 3 for s in times]


@pytest.mark.parametrize("rate", [-1.0, float("nan")])
def test_a_rate_below_0_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        MockClock(rate=rate)


def test_time_cannot_be_told_to_run_backwards() -> None:
    with pytest.raises(ValueError, match="0 seconds or more"):
        MockClock().advance(-1)

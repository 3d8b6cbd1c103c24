"""What every clock must do: subclass `ClockConformance` and give it a clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from libos.signatures.clock import Clock

STEP = 0.02
"""Seconds of the clock under test that are worth waiting for."""


class ClockConformance:
    """A subclass defines the fixture `clock`."""

    def test_time_goes_forwards_while_it_is_slept(self, clock: Clock) -> None:
        async def main() -> None:
            wall, monotonic = clock.now(), clock.monotonic()
            await clock.sleep(STEP)
            assert clock.monotonic() >= monotonic + STEP * 0.99
            assert clock.now() > wall

        asyncio.run(main())

    def test_monotonic_time_never_runs_backwards(self, clock: Clock) -> None:
        readings = [clock.monotonic() for _ in range(1000)]
        assert readings == sorted(readings)

    @pytest.mark.parametrize("seconds", [0, -1])
    def test_no_time_at_all_is_a_turn_for_the_others(self, clock: Clock, seconds: float) -> None:
        seen = []

        async def other() -> None:
            seen.append("other")

        async def main() -> None:
            task = asyncio.create_task(other())
            await clock.sleep(seconds)
            seen.append("sleeper")
            await task

        asyncio.run(main())
        assert seen == ["other", "sleeper"]

    def test_sleepers_wake_in_the_order_of_their_times(self, clock: Clock) -> None:
        woken = []

        async def sleeper(steps: int) -> None:
            await clock.sleep(steps * STEP)
            woken.append(steps)

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for steps in (3, 1, 2):
                    group.create_task(sleeper(steps))

        asyncio.run(main())
        assert woken == [1, 2, 3]

    def test_a_sleep_can_be_cancelled(self, clock: Clock) -> None:
        async def main() -> None:
            began = clock.monotonic()
            task = asyncio.create_task(clock.sleep(3600))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await clock.sleep(STEP)
            assert clock.monotonic() < began + 3600

        asyncio.run(main())

"""Jobs that go between or around other jobs."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest

from libos.jobs import delay, noop, together
from libos.mock_clock import MockClock


def test_nothing_is_done() -> None:
    asyncio.run(noop())


def test_a_delay_is_slept_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = MockClock()
    asyncio.run(delay(clock, seconds=90))
    assert clock.monotonic() == 90
    assert "waiting 90 s before the next job" in caplog.text


def test_no_delay_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    asyncio.run(delay(MockClock(), seconds=0))
    assert caplog.text == ""


def test_jobs_together_run_at_once_and_end_with_the_last() -> None:
    clock = MockClock()
    seen = []

    async def job(name: str, seconds: int) -> None:
        seen.append(f"{name} begins")
        await clock.sleep(seconds)
        seen.append(f"{name} ends at {clock.monotonic():g}")

    asyncio.run(together(one=lambda: job("one", 3), two=lambda: job("two", 2)))
    assert seen == ["one begins", "two begins", "two ends at 2", "one ends at 3"]


def test_the_first_that_fails_ends_them_all() -> None:
    cancelled = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("forever")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing") as caught:
        asyncio.run(together(forever=forever, fail=fail))
    assert cancelled == ["forever"]
    assert caught.value.__notes__ == ["in `fail`, one of the jobs that run together"]


def test_several_that_fail_at_once_are_all_shown() -> None:
    async def fail() -> None:
        raise ValueError("no such thing")

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(together(one=fail, two=fail))
    assert len(caught.value.exceptions) == 2


def test_one_of_them_may_end_the_program() -> None:
    async def leave() -> None:
        sys.exit(3)

    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(SystemExit) as caught:
        asyncio.run(together(leave=leave, forever=forever))
    assert caught.value.code == 3

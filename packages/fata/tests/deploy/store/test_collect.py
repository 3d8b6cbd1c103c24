"""What may go: what no release names, once nobody can be about to name it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fata.deploy.store.blobs import Blobs
from fata.deploy.store.collect import collect, remove
from fata.deploy.store.item import Item
from fata.deploy.store.part import opened
from fata.deploy.store.prune import prune

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path)
    made.make()
    return made


def aged(blobs: Blobs, text: str, seconds: float) -> Item:
    item = blobs.put(text.encode(), text)
    then = time.time() - seconds
    os.utime(blobs.path(item.digest), (then, then))
    return item


def test_what_is_pinned_or_new_stays(blobs: Blobs) -> None:
    pinned = aged(blobs, "pinned", 2 * DAY)
    old = aged(blobs, "old", 2 * HOUR)
    aged(blobs, "new", HOUR / 2)
    plan = collect(blobs, {pinned.digest}, time.time())
    assert [(removal.path.name, removal.size) for removal in plan] == [(old.digest, 3)]
    assert plan[0].why == "no release that is live or kept needs it"
    assert blobs.size(old.digest) == 3, "a plan removes nothing"
    assert remove(blobs, plan, time.time()) == plan
    assert blobs.size(old.digest) is None
    assert blobs.size(pinned.digest) == 6
    assert collect(blobs, {pinned.digest}, time.time()) == ()


def test_what_was_asked_for_since_the_plan_stays(blobs: Blobs) -> None:
    old = aged(blobs, "old", 2 * HOUR)
    plan = collect(blobs, set(), time.time())
    assert len(plan) == 1
    assert blobs.missing([old]) == ()
    assert remove(blobs, plan, time.time()) == ()
    assert blobs.read(old) == b"old"


def test_a_clock_that_went_back_removes_nothing(blobs: Blobs) -> None:
    aged(blobs, "old", -DAY)
    assert collect(blobs, set(), time.time()) == ()


def test_what_began_to_arrive_is_kept_for_a_day_and_never_taken_from_a_transfer(
    blobs: Blobs,
) -> None:
    item = Item("a" * 64, 10, "kernel-1")
    with opened(blobs, item) as part:
        part.write(memoryview(b"half"))
        assert collect(blobs, set(), time.time() + DAY / 2) == ()
        plan = collect(blobs, set(), time.time() + 2 * DAY)
        assert [removal.size for removal in plan] == [4]
        assert remove(blobs, plan, time.time() + 2 * DAY) == (), "the clock jumped, no more"
    assert remove(blobs, plan, time.time() + 2 * DAY) == plan
    assert sorted(path.name for path in blobs.incoming.iterdir()) == [".lock"]


def test_what_an_end_of_power_left_behind_goes(blobs: Blobs) -> None:
    leftover = blobs.directory / "blobs" / ".abc.x1y2"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1.0, 1.0))
    assert [removal.path for removal in collect(blobs, set(), time.time())] == [leftover]


def test_an_empty_store(tmp_path: Path) -> None:
    assert collect(Blobs(tmp_path / "none"), set(), time.time()) == ()


def test_what_the_agent_answers(blobs: Blobs) -> None:
    old = aged(blobs, "old", 2 * HOUR)
    answer = {
        "removed": [
            {
                "path": f"blobs/{old.digest}",
                "size": 3,
                "why": "no release that is live or kept needs it",
            }
        ],
        "bytes": 3,
        "dry_run": True,
    }
    assert prune(blobs.directory, set(), dry_run=True, now=time.time()) == answer
    assert blobs.read(old) == b"old"
    done = prune(blobs.directory, set(), dry_run=False, now=time.time())
    assert done == {**answer, "dry_run": False}
    assert prune(blobs.directory, set(), dry_run=False, now=time.time())["removed"] == []

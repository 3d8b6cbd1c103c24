"""A disk that is full: whatever cannot be written, what serves goes on, and the next one works.

A shim between Python and the kernel lets so many writes below the root succeed and no more: of the
records, of the guest's directory, of volumes, secrets and the audit log. What of the store cannot
be written is in `store/test_full_disk.py`.
"""

from __future__ import annotations

import pytest

from .conftest import CutOff

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

AGENT = ("first", "deploy", "broken", "disks", "broken-disks", "rollback", "remove")
SUPERVISOR = ("rising", "paused", "broken", "switching", "draining", "crashed")


@pytest.mark.parametrize("change", AGENT)
def test_at_whichever_write_of_an_agent_the_disk_is_full_one_release_serves(
    cut_off: CutOff, change: str
) -> None:
    found = cut_off("full", "agent", change)
    assert found["writes"] > 40
    assert found["failed"] > found["writes"] // 3


@pytest.mark.parametrize("found", SUPERVISOR)
def test_at_whichever_write_of_a_supervisor_the_disk_is_full_it_repairs_when_there_is_room(
    cut_off: CutOff, found: str
) -> None:
    assert cut_off("full", "supervisor", found)["writes"] > 40

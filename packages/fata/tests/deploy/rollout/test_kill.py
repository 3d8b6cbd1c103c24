"""SIGKILL before every write: afterwards one release serves, and nothing is left over.

A shim between Python and the kernel counts what is written below the root, made or removed there,
of the records, of guests' directories, volumes, secrets, traffic and the audit log. It kills the
agent before the first of it, the second, and so on to the last; then a supervisor looks, as it
starts. `aftermath.py` says what is looked at: guests, processes, routes, secrets, leases, files.
"""

from __future__ import annotations

import pytest

from .conftest import CutOff

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

AGENT = ("first", "deploy", "broken", "disks", "broken-disks", "rollback", "remove")
SUPERVISOR = ("rising", "paused", "broken", "switching", "draining", "crashed")


@pytest.mark.parametrize("change", AGENT)
def test_at_whichever_write_an_agent_is_killed_one_release_serves(
    cut_off: CutOff, change: str
) -> None:
    """The first one, one that is healthy or not, with and without volumes; and what undoes."""
    assert cut_off("kill", "agent", change)["writes"] > 50


@pytest.mark.parametrize("found", SUPERVISOR)
def test_at_whichever_write_a_supervisor_is_killed_the_next_one_finishes_its_repair(
    cut_off: CutOff, found: str
) -> None:
    """It had found what an agent that was killed has left, or a guest that has crashed."""
    assert cut_off("kill", "supervisor", found)["writes"] > 50

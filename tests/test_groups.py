"""Tests that share a machine are a group, which one worker of xdist runs in order.

Where groups are silently none, two workers use, and end, one machine.
"""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one worker")
@pytest.mark.xdist_group("together")
def test_a_group_is_one(request: pytest.FixtureRequest) -> None:
    if request.config.getvalue("loadgroup"):
        assert request.node.nodeid.endswith("@together")

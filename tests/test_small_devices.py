"""Clocks, random bytes, names, levels of logs and jobs around jobs, in one program of them all."""

from __future__ import annotations

import re

import pytest

from tests.conftest import MakeProject

pytestmark = pytest.mark.e2e

CONFIG = """\
from fata.dsl import *

tomorrow = main("suite:tomorrow", CLOCK >> JOB)(mock_clock("2030-01-01"))
draw = main("suite:draw", RANDOM >> JOB)(seeded_random(7))
logs = console_logs(default="*:info,noise:quiet", name=guest_name())

register("suite", noop(), delay(5), together(tomorrow, draw), main("suite:last"), logs=logs)
"""

SUITE = """\
import logging, socket, threading

log = logging.getLogger("suite")

async def tomorrow(clock):
    await clock.sleep(86400)
    log.info("tomorrow is at %d", clock.now())

async def draw(random):
    log.info("drawn %s", random.generate(4).hex())

async def last():
    logging.getLogger("noise.loud").error("not to be heard")
    log.debug("fine print")
    log.info("%s has %d thread", socket.gethostname(), threading.active_count())
"""


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_a_suite_of_jobs(project: MakeProject, target: str) -> None:
    made = project()
    made.write("config.py", CONFIG)
    made.write("suite.py", SUITE)
    made.built("-t", target)
    result = made.ok("run", "--", "--name", "web-1", "--delay=100ms")
    said = re.findall(r"Z (web-1 .*)", result.out)
    assert said[0] == "web-1 info boot: waiting 0.1 s before the next job"
    assert said[1].startswith("web-1 warning random: random bytes follow from the seed 7: ")
    assert sorted(said[2:4]) == [
        "web-1 info suite: drawn 039335e4",
        "web-1 info suite: tomorrow is at 1893542400",
    ]
    assert said[4].endswith("has 1 thread")
    assert len(said) == 5
    if target == "virtio":
        assert said[4] == "web-1 info suite: web-1 has 1 thread"
    louder = made.ok("run", "--", "--delay=0", "-l", "suite:debug,random:error")
    assert "Z debug suite: fine print" in louder.out
    assert "Z error noise.loud: not to be heard" in louder.out
    assert "random bytes follow" not in louder.out


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_bad_names_and_levels_are_refused(project: MakeProject, target: str) -> None:
    made = project()
    made.write("config.py", CONFIG)
    made.write("suite.py", SUITE)
    made.built("-t", target)
    named = made.fata("run", "--", "--name=a b")
    assert named.code == 64
    assert "boot argument `--name`: 'a b' is not a host name" in named.err + named.out
    loud = made.fata("run", "--", "-l", "suite:loud")
    assert loud.code == 64
    assert "`suite:loud` is not `level` or `source:level`" in loud.err + loud.out
    table = made.ok("run", "--", "--help").out
    assert re.search(r"-l\b.*--logs|--logs.*-l\b", table)
    assert "levels are" in " ".join(table.split())
    assert "debug, info, warning, error, quiet" in " ".join(table.split())

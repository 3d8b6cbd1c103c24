"""Why a release did not become live, as the one who deploys it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fata.deploy.drivers.console import last_lines
from fata.deploy.drivers.driver import Outcome
from fata.deploy.health import Probe
from fata.deploy.host import Host
from fata.deploy.records.records import Generation
from fata.exit_codes import NO_OUTCOME
from functoria.error import UserError
from libos.boot.outcome import MEANINGS

LINES = 20
_BODY_LINES = 8
_BODY_COLUMNS = 200


class UnhealthyError(UserError):
    """A guest that did not become healthy, or did not stay so."""


def meaning(outcome: Outcome) -> str:
    """`meaning(outcome)` is what the exit code says, in words."""
    if outcome.code == NO_OUTCOME:
        return f"it ended without an exit code: {outcome.reason}"
    known = MEANINGS.get(outcome.code) or "a code of the program's own"
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"exit code {outcome.code}{reason}: {known}"


def explain(host: Host, generation: Generation, probe: Probe | None) -> Iterator[str]:
    """`explain(host, generation, probe)` is lines on what its guest did last.

    They are how it ended, what it answered, and the end of its console, all of it fit to be shown.
    """
    outcome = None
    with contextlib.suppress(UserError):
        outcome = host.driver.outcome(generation.guest)
    if outcome is not None:
        yield f"{generation.guest} has ended: {meaning(outcome)}"
    if probe is not None:
        yield f"its last answer: {probe.said}"
        for line in probe.body.splitlines()[:_BODY_LINES]:
            yield f"  | {line[:_BODY_COLUMNS]}"
    try:
        lines = last_lines(host.driver.console(generation.guest), LINES)
    except (UserError, OSError):
        lines = ()
    if lines:
        yield "the end of its console:"
        for line in lines:
            yield f"  | {line}"

"""Asking a guest, once, in the way that its settings say."""

from __future__ import annotations

import time
from pathlib import Path

from fata.deploy.drivers.console import display
from fata.deploy.health.answer import Probe, shown
from fata.deploy.health.tcp import ask_tcp
from fata.deploy.traffic.route import Endpoint
from fata.settings.model import Health, Kind


def probe(health: Health, target: Endpoint | None, console: Path) -> Probe:
    """`probe(health, target, console)` is what asking once came to, within `health.timeout`.

    `target` is where the guest's `health.port` is reached, and `console` the file that its driver
    keeps. What the guest does is in the result; no exception tells of it. Raises `ValueError`
    where there is no target for what needs one.
    """
    if health.kind is Kind.CONSOLE:
        return _ask_console(health.text, console)
    if target is None:
        raise ValueError(f"asking by {health.kind.value} needs a port of the guest")
    if health.kind is Kind.HTTP:
        from fata.deploy.health.http import ask_http  # not for each start of the agent

        return ask_http(health, target)
    return ask_tcp(target, health.timeout)


def _ask_console(text: str | None, console: Path) -> Probe:
    begin = time.monotonic()
    if text is None:
        return Probe(True, "runs", None, "", 0.0)
    try:
        data = console.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Probe(False, f"has a console that cannot be read: {why}", None, "", 0.0)
    ok = any(text in line for line in display(data).split("\n"))
    named = " ".join(shown(text[:64].encode()).split("\n"))
    said = f"has written `{named}`" if ok else f"has not written `{named}` on its console"
    return Probe(ok, said, None, "", time.monotonic() - begin)

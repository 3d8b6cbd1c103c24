"""`fata agent`: what runs on hosts, and is not for the keyboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from functoria.cli.settings import Settings
from functoria.error import UsageError


@click.command("agent", context_settings={"ignore_unknown_options": True})
@click.option("--root", type=click.Path(path_type=Path), metavar="DIRECTORY")
@click.argument("verb")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(settings: Settings, root: Path | None, verb: str, words: tuple[str, ...]) -> int:
    """Carry out a request that a client sends over ssh."""
    from fata.host.kind import STATE

    place = root or (Path(STATE) if os.geteuid() == 0 else Path.home() / ".local/share/fata")
    if verb == "supervise":
        return _supervise(settings, place)
    if verb == "gate":
        return _gate(place, words)
    if verb == "receive" and words != ("store",):
        from fata.deploy.agent.push import receive_push

        return receive_push(place, words, settings.report)
    from fata.deploy.agent.dispatch import run

    return run(verb, words, place, None, sys.stdin.buffer, sys.stdout.buffer)


def _supervise(settings: Settings, root: Path) -> int:
    from fata.deploy.agent.supervisor import supervise_here

    return supervise_here(root, settings.report)


def _gate(root: Path, words: tuple[str, ...]) -> int:
    from fata.deploy.policy.gate import gate

    def run(*call: Any) -> int:
        from fata.deploy.agent.dispatch import run  # not for all that a session is about

        return run(*call)

    if len(words) != 1:
        raise UsageError("it is not said for whom the gate is", "NAME", "see `fata host allow`")
    return gate(root, words[0], os.environ.get("SSH_ORIGINAL_COMMAND"), run)

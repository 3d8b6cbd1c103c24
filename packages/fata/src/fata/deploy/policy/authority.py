"""A request to the agent, from the question whether it is allowed to what became of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fata.deploy.audit import Audit, Entry, Result, who
from fata.deploy.policy.load import load
from fata.deploy.policy.policy import Policy
from fata.settings.model import PRODUCTION
from functoria.error import UserError

_READING = frozenset({"audit", "hello", "history", "samples", "status"})
"""The verbs that change nothing and tell no secret, of which only refusals are written down."""


@contextlib.contextmanager
def authorized(
    root: Path,
    verb: str,
    request: Mapping[str, object],
    user: str | None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Policy]:
    """Within `authorized(root, verb, request, user)` the request is carried out.

    It is allowed as far as the verb, the app and the environment go, and is in the audit log. What
    a release takes of the host is known later, and checked by `Policy.check`; what a request
    without an app may be told is up to `Policy.sees`. Raises `UserError`.
    """
    audit = Audit(root)
    entry = _entry(verb, request, user, environ)
    try:
        policy = load(root)
        if user is not None:
            _check(policy, user, entry)
    except UserError as error:
        with contextlib.suppress(UserError):
            audit.append(replace(entry, result=Result.REFUSED, why=error.what))
        raise
    if verb in _READING:
        yield policy
        return
    with audit.recorded(entry):
        yield policy


def _check(policy: Policy, user: str, entry: Entry) -> None:
    allowed = policy.user(user)
    if entry.app is None:
        allowed.check_verb(entry.verb)
    else:
        allowed.check_access(entry.verb, entry.app, entry.environment)


def _entry(
    verb: str, request: Mapping[str, object], user: str | None, environ: Mapping[str, str]
) -> Entry:
    known = who(user, environ)
    app = _text(request, "app")
    environment = _text(request, "environment")
    if app is not None and environment is None:
        environment = PRODUCTION  # as the agent takes it
    generation = request.get("generation")
    return Entry(
        known.name,
        verb,
        app,
        environment,
        generation if isinstance(generation, int) else None,
        _text(request, "manifest") or None,
        address=known.address,
        request=request,
    )


def _text(request: Mapping[str, object], name: str) -> str | None:
    """What the request says; what is no text is the name of nothing, so that nobody may use it."""
    value = request.get(name)
    return value if value is None or isinstance(value, str) else ""

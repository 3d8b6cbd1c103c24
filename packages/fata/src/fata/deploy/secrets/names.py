"""How apps, environments and secrets are called."""

from __future__ import annotations

import re

from functoria import UsageError

LONGEST_VALUE = 1 << 20
"""Bytes of a secret at most."""

MOST = 256
"""Secrets of one environment at most."""

_PLACE = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_place(app: str, environment: str) -> None:
    """Raise `UsageError` unless these can be an app and one of its environments."""
    for text, what in ((app, "app"), (environment, "environment")):
        if not _PLACE.fullmatch(text):
            raise UsageError(
                f"{text[:80]!r} cannot be the name of an {what}",
                f"--{what}" if what == "app" else "--env",
                "use lower-case letters, digits and `-`, beginning with a letter, 31 at most",
            )


def check_secret(name: str) -> None:
    """Raise `UsageError` unless this can be the name of a secret."""
    if not _SECRET.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot be the name of a secret",
            "NAME",
            "use letters, digits, `.`, `_` and `-`, such as `database-url`, 64 at most",
        )


def check_value(name: str, value: bytes) -> None:
    """Raise `UsageError` unless this can be the value of a secret."""
    if not value:
        raise UsageError(
            f"the value of `{name}` is empty", "NAME", "remove it with `fata secrets rm` instead"
        )
    if len(value) > LONGEST_VALUE:
        raise UsageError(
            f"the value of `{name}` has {len(value)} bytes, of {LONGEST_VALUE} at most",
            "NAME",
            "keep what is that long on a disk of the app's, and its key in a secret",
        )

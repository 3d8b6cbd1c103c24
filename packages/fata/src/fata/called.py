"""Calling programs of this host, none of which is waited for without end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fata.completed import Completed
from functoria.error import UserError

SECONDS = 60.0
"""What a program may take that answers at once where all is well."""


def called(
    words: Sequence[str],
    given: bytes = b"",
    *,
    limit: float = SECONDS,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Completed:
    """`called(words, given)` is how the program ended that was fed with `given`.

    Raises `UserError` where it takes more than `limit` seconds, and is ended; `OSError` where it
    cannot be run.
    """
    try:
        done = subprocess.run(
            list(words),
            input=given,
            capture_output=True,
            timeout=limit,
            cwd=cwd,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise hung(words, limit) from None
    return Completed(done.returncode, done.stdout, done.stderr)


def hung(words: Sequence[str], limit: float) -> UserError:
    """`hung(words, limit)` is the failure of a program that did not end in so many seconds."""
    return UserError(
        f"`{Path(words[0]).name}` did not end within {limit:g} s",
        " ".join(words)[:200],
        "see what it waits for: run it by hand on the host, and look at `dmesg` and at its load",
    )

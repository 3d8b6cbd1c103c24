"""Calling programs of this host, none of which is waited for without end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from fata.completed import Completed
from functoria.error import UserError

SECONDS = 60.0
"""What a program may take that answers at once where all is well."""


def called(
    words: Sequence[str],
    given: bytes = b"",
    *,
    limit: float | None = None,
    cwd: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    log: IO[bytes] | None = None,
) -> Completed:
    """`called(words, given)` is how the program ended that was fed with `given`.

    What it says goes to `log`, if there is one, which it may leave to others that go on. Raises
    `UserError` where it takes more than `limit` seconds, `SECONDS` if nothing is said, and is
    ended; `OSError` where it cannot be run.
    """
    limit = SECONDS if limit is None else limit
    output = subprocess.PIPE if log is None else log
    try:
        done = subprocess.run(
            list(words),
            stdin=None if given else subprocess.DEVNULL,
            input=given or None,
            stdout=output,
            stderr=output,
            timeout=limit,
            cwd=cwd,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise hung(words, limit) from None
    return Completed(done.returncode, done.stdout or b"", done.stderr or b"")


def hung(words: Sequence[str], limit: float) -> UserError:
    """`hung(words, limit)` is the failure of a program that did not end in so many seconds."""
    return UserError(
        f"`{Path(words[0]).name}` did not end within {limit:g} s",
        " ".join(words)[:200],
        "see what it waits for: run it by hand on the host, and look at `dmesg` and at its load",
    )

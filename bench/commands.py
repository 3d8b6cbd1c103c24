"""Programs that are run to be measured, or to make what is measured."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from functoria import UserError

_LIMIT = 600.0  # seconds; ten times what the slowest of them takes on two cores


def run(command: Sequence[str], directory: Path, **environment: str) -> float:
    """`run(command, directory, NAME=value)` is the seconds from starting a program to its end.

    Raises `UserError` with its last words if it fails.
    """
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"`{command[0]}` did not run: {error}", None, "run it by hand") from None
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-5:]
        raise UserError(
            f"`{' '.join(command)}` failed: {'; '.join(said) or 'without a word'}",
            str(directory),
            "run it by hand in a copy of examples/website",
        )
    return seconds

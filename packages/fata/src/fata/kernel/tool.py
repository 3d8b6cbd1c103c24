"""Programs of the host that the kernel room runs, and what to say when they are missing or fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from functoria.error import UserError


def need(program: str, package: str, why: str) -> str:
    """The path of a program on the PATH; raises `UserError` naming its Debian package."""
    found = shutil.which(program)
    if found is None:
        raise UserError(
            f"`{program}` is not installed: {why}",
            None,
            "use fata on Debian or a system like it, which has apt"
            if package == "apt"
            else f"install it with `apt install {package}`",
        )
    return found


def run(arguments: Sequence[str], where: Path | None, do: str) -> str:
    """The output of a program that ends well; `UserError` with its last words if it does not.

    `where` is the directory to run in. Messages are in English whatever the user's locale is.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    try:
        done = subprocess.run(
            arguments,
            cwd=where,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise UserError(f"`{arguments[0]}` cannot run: {error.strerror}", None, do) from error
    if done.returncode != 0:
        last = "; ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise UserError(f"`{Path(arguments[0]).name}` failed: {last or 'without a word'}", None, do)
    return done.stdout

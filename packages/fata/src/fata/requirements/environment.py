"""The build environment: locked requirements, installed in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from fata.cache import cache_directory, key_of
from fata.closure.interpreter import Interpreter
from fata.requirements import uv
from fata.requirements.lock import Lock

LAYOUT = "1"  # raise when the way of installing changes, so that older environments are not used


def environment(lock: Lock, interpreter: Interpreter, report: Callable[[str], None]) -> Path | None:
    """`environment(lock, interpreter, report)` is a directory with what `lock` pins, or `None`.

    It is `None` where nothing is required. The directory is made once, in one rename, under a
    lock that other builds wait for; nothing is byte-compiled. Raises `UserError` where a download
    fails or does not have a locked hash.
    """
    if not lock.pins:
        return None
    parts = (LAYOUT, lock.pins, interpreter.short_version, interpreter.platform)
    home = cache_directory() / "environments"
    target = home / key_of(*parts)
    if target.is_dir():
        return target
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{target.name}.lock").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not target.is_dir():
            count = len(lock.packages)
            report(f"installing {count} package{'s' if count != 1 else ''}")
            _install(lock, interpreter, target)
    return target


def _install(lock: Lock, interpreter: Interpreter, target: Path) -> None:
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        pins, tree = scratch / "pins.txt", scratch / "tree"
        pins.write_text(lock.pins, encoding="utf-8")
        arguments = ["pip", "install", "--require-hashes", "--no-deps", "--no-compile-bytecode"]
        arguments += ["--python", os.fspath(interpreter.executable)]
        uv.run(
            [*arguments, "--target", os.fspath(tree), "--requirements", os.fspath(pins)],
            directory=lock.path.parent,
            requirements=lock.requirements,
            lockfile=lock.path,
        )
        tree.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)

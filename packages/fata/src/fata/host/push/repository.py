"""The bare repository of an app on a host, and the hook that a push runs into."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fata.called import called
from functoria.error import UserError

APP = re.compile(r"[a-z][a-z0-9-]{0,30}")

_SETTINGS = {
    # What is pushed comes from outside: it is checked whole before anything is made of it.
    "receive.fsckObjects": "true",
    "receive.maxInputSize": "512m",
    "receive.denyCurrentBranch": "ignore",
    "receive.advertisePushOptions": "false",
    "gc.auto": "256",
}
_ATTRIBUTES = "* -export-ignore -export-subst\n"
"""A checkout is the commit whole, whatever its author would leave out of archives."""


def prepare(root: Path, app: str, launcher: Sequence[str]) -> Path:
    """`prepare(root, app, launcher)` is the app's repository, made where it is not there yet.

    Its hook runs `LAUNCHER agent --root ROOT receive APP`; it is written again each time. Raises
    `UserError` where there is no git, or the name cannot be one.
    """
    if not APP.fullmatch(app):
        raise UserError(
            f"`{app[:64]}` cannot be the name of an app",
            "APP",
            "use small letters, digits and `-`, beginning with a letter, 31 at most",
        )
    place = root / "repositories" / f"{app}.git"
    if not (place / "HEAD").is_file():
        place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as scratch:
            new = Path(scratch, "repository")
            git(("init", "--quiet", "--bare", "--initial-branch=main", "--template=", new))
            new.rename(place)
    for name, value in _SETTINGS.items():
        git(("config", "--file", place / "config", name, value))
    _write(place / "info" / "attributes", _ATTRIBUTES, 0o644)
    _write(place / "hooks" / "pre-receive", _hook(launcher, root, app), 0o755)
    return place


def git(arguments: Sequence[str | os.PathLike[str]], directory: Path | None = None) -> bytes:
    """`git(arguments, directory)` is what git printed. Raises `UserError` where it fails."""
    program = shutil.which("git")
    if program is None:
        raise UserError(
            "`git` is not installed on this host", None, "run `fata host setup` for it again"
        )
    words = (program, *(os.fspath(word) for word in arguments))
    done = called(words, cwd=directory)
    if done.code != 0:
        lines = done.err.decode(errors="replace").strip().splitlines()
        raise UserError(
            f"git failed: {lines[-1][:300] if lines else 'without a word'}",
            str(directory or ""),
            "mend the repository, or push again",
        )
    return done.out


def _hook(launcher: Sequence[str], root: Path, app: str) -> str:
    words = (*launcher, "agent", "--root", os.fspath(root.absolute()), "receive", app)
    return f"#!/bin/sh\nexec {shlex.join(words)}\n"


def _write(path: Path, content: str, mode: int) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == content:
        return
    path.parent.mkdir(exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(content, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)

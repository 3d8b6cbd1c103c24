"""What the commands of a build find around them: fata, a Python of their own, and variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fata.host.push import room
from fata.host.push.interpreter import paths, python

_PREPARE = """\
import pathlib, sys, sysconfig
paths, launcher = sys.argv[1:]
pathlib.Path(sysconfig.get_path("purelib"), "fata.pth").write_text(paths)
place = pathlib.Path(sysconfig.get_path("scripts"), "fata")
place.write_text(launcher)
place.chmod(0o755)
"""
_MAIN = "import sys; sys.path[:0] = {paths!r}; from fata.cli import main; main()"


def fata(*words: str) -> tuple[str, ...]:
    """`fata(*words)` is this fata, with a command."""
    return (python(), "-IBS", "-c", _MAIN.format(paths=paths()), *words)


def make_fata_known(venv: Path) -> tuple[str, ...]:
    """`make_fata_known(venv)` lets programs there import fata, after their own, and run it."""
    launcher = f"#!{python()} -IBS\n{_MAIN.format(paths=paths())}\n"
    own = os.fspath(venv / "bin" / "python")
    return (own, "-I", "-c", _PREPARE, "\n".join(paths()) + "\n", launcher)


def variables(directory: Path, *, network: bool) -> Mapping[str, str]:
    """`variables(directory, network=...)` is all that commands see, none of it ours."""
    home, cache = directory / room.HOME, directory / room.CACHE
    return {
        "CI": "true",
        "HOME": os.fspath(home),
        "LANG": "C.UTF-8",
        "PATH": f"{home}/venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "UV_CACHE_DIR": f"{cache}/uv",
        "VIRTUAL_ENV": f"{home}/venv",
        "XDG_CACHE_HOME": os.fspath(cache),
        **({} if network else {"UV_OFFLINE": "1"}),
    }

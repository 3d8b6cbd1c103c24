"""Commands of `setup` that install, which are the ones that may use the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import uv

_PIP = (
    ("pip", "install"),
    ("pip3", "install"),
    ("python", "-m", "pip", "install"),
    ("python3", "-m", "pip", "install"),
    ("uv", "pip", "install"),
)


def installing(words: Sequence[str], venv: Path) -> tuple[str, ...] | None:
    """`installing(words, venv)` is the command as uv runs it, or `None` if it installs nothing.

    Into the environment at `venv`, and only what has a hash (uv: `UV_REQUIRE_HASHES`).
    """
    for start in _PIP:
        if tuple(words[: len(start)]) == start:
            python = os.fspath(venv / "bin" / "python")
            rest = words[len(start) :]
            return (
                uv.find_uv_bin(),
                "pip",
                "install",
                "--require-hashes",
                "--python",
                python,
                *rest,
            )
    return None

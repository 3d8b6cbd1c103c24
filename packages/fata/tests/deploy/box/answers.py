"""What a host answers while something happens to it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .room import Room

_LOAD = Path(__file__).with_name("load.py")


@contextlib.contextmanager
def answers(room: Room, port: int = 8080) -> Iterator[dict[str, int]]:
    """How often each answer came while the block ran, filled in at its end; failures are words."""
    found: dict[str, int] = {}
    with subprocess.Popen(
        ["nsenter", "--net", "--target", str(room.pid), sys.executable, "-I", _LOAD, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as load:
        assert load.stdout is not None
        assert load.stdout.readline() == "ready\n"
        try:
            yield found
        finally:
            out, _ = load.communicate()
    found.update(json.loads(out)["answers"])

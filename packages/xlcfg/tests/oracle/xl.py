"""The real `xl`, reading a configuration without creating anything."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import packages

_NOISE = ("Failed to read config file: /etc/xen/xl.conf", "Parsing config from ", "got a tsc mode")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What xl said of a configuration: its exit code, its complaints, and what it read."""

    code: int
    complaints: tuple[str, ...]
    domain: dict[str, Any]

    @property
    def refused(self) -> bool:
        return self.code != 0


def create(data: str | bytes, asks: Path | None = None) -> Verdict:
    """The verdict on a configuration; `asks` takes the names of the options that xl read."""
    text = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    with tempfile.NamedTemporaryFile(suffix=".cfg") as file:
        file.write(text)
        file.flush()
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(packages.libraries()),
            "LD_PRELOAD": str(packages.shim()),
            "LC_ALL": "C",
        }
        if asks is not None:
            environment["XLCFG_ASKS"] = str(asks)
        command = [str(packages.program()), "-N", "create", "-n", file.name]
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        )
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    complaints = tuple(line for line in lines if line and not line.startswith(_NOISE))
    output = done.stdout.decode("utf-8", "surrogateescape")
    return Verdict(done.returncode, complaints, json.loads(output) if not done.returncode else {})

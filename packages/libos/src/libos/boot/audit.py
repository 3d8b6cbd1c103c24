"""Proof that a guest compiles nothing: asked for by the kernel command line word `fata.audit`."""

from __future__ import annotations

import sys


def watch_compilation() -> None:
    """Say on the console whenever a source file is compiled (sys.audit event `compile`)."""

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event == "compile" and str(arguments[1]).endswith(".py"):
            print(f"fata: compiled {arguments[1]}", flush=True)  # noqa: T201

    sys.addaudithook(audit)

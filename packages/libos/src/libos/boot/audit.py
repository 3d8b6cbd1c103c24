"""Proof that a guest compiles nothing: asked for by the kernel command line word `fata.audit`."""

from __future__ import annotations

import sys


def watch_compilation() -> None:
    """Say on the console whenever a module is compiled from its source, by the import system.

    A program that makes code or reads source itself is another matter.
    """

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event == "compile" and "importlib" in sys._getframe(1).f_code.co_filename:
            print(f"fata: compiled {arguments[1]}", flush=True)  # noqa: T201

    sys.addaudithook(audit)

"""Advice for an import that fails because the image was made without the module."""

from __future__ import annotations

import sys

LIST = "/app/dropped"


class DroppedFinder:
    """The last finder of all: it finds nothing, and says why if the module was left out.

    The error is the ordinary one, so that a program that can do without the module does.
    """

    def __init__(self, path: str = LIST) -> None:
        self._path = path
        self._names: frozenset[str] | None = None

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Raise `ModuleNotFoundError` with the remedy for a module that was left out."""
        if self._names is None:
            with open(self._path) as file:
                self._names = frozenset(file.read().split())
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            if ".".join(parts[:count]) in self._names:
                raise ModuleNotFoundError(
                    f"No module named {name!r} in this image; if the program needs it, "
                    f'add include=["{name}"] to its job in config.py',
                    name=name,
                )


def install() -> None:
    """Make imports that fail say what to do."""
    sys.meta_path.append(DroppedFinder())

"""Where guests of Xen run: on this machine, or in a lab that has their files too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fata.lab import find
from fata.xen.runner import Here, Runner

HERE = "here"
_LAB = "lab:"
_TOP = "/root/guests"


class Site(Protocol):
    """A Xen host as its drivers use it. `word` is what `site(word)` makes the same one of."""

    @property
    def word(self) -> str:
        """`here`, or `lab:` and its name."""
        ...

    @property
    def runner(self) -> Runner:
        """What runs the toolstack there. Raises `UserError`."""
        ...

    def path(self, file: Path) -> str:
        """What a file of this machine is called there."""
        ...

    def bring(self, files: Sequence[Path]) -> None:
        """Make the files be there, as they are now. Raises `UserError`."""
        ...

    def forget(self, directory: Path) -> None:
        """Remove what was brought of that directory."""
        ...


class ThisHost:
    """`ThisHost()` is this machine: files are where they are."""

    word = HERE
    runner: Runner = Here()

    def path(self, file: Path) -> str:
        """The path itself."""
        return str(file)

    def bring(self, files: Sequence[Path]) -> None:
        """They are there."""

    def forget(self, directory: Path) -> None:
        """Nothing was brought."""


class InLab:
    """`InLab(name)` is a running lab, which keeps the files in its memory."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def word(self) -> str:
        """`lab:` and its name."""
        return f"{_LAB}{self._name}"

    @property
    def runner(self) -> Runner:
        """The lab. Raises `UserError` where it does not run."""
        return find(self._name)

    def path(self, file: Path) -> str:
        """The same path below a directory of the lab's."""
        return f"{_TOP}{file}"

    def bring(self, files: Sequence[Path]) -> None:
        """Copy those that the lab does not have yet, or that changed. Raises `UserError`."""
        find(self._name).copy({self.path(file): file for file in files})

    def forget(self, directory: Path) -> None:
        """Remove that directory there; what several guests share stays."""
        find(self._name).run(["rm", "-rf", self.path(directory)], check=False)


def site(word: str) -> Site:
    """`site(word)` is the site of that word."""
    return InLab(word.removeprefix(_LAB)) if word.startswith(_LAB) else ThisHost()

"""What one run of a program is called."""

from __future__ import annotations

from typing import Protocol


class Name(Protocol):
    """The name by which a run is told from others of the same image."""

    @property
    def text(self) -> str | None:
        """`text` is the name, a host name; `None` if the run was given none."""
        ...

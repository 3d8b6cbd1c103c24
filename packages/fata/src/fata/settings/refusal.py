"""Text that cannot be read, and what to write in its place."""

from __future__ import annotations


class RefusedError(ValueError):
    """`RefusedError(what, do)` is why a text is refused, and the remedy."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.do = do

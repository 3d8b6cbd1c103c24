"""Remedies for names that there are not."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], called: str) -> str:
    """`nearest("tets", ["test"], "the keys")` is what to do about a name that nothing has."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name[:64], names, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"{called} are {', '.join(f'`{each}`' for each in names)}"

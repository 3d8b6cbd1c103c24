"""The bridge of this machine that guests are put on where nobody says which."""

from __future__ import annotations

import re
from pathlib import Path

INTERFACES = Path("/sys/class/net")
DEFAULT = "xenbr0"
"""What Xen's own scripts and documents call it."""

_STEMS = ("xenbr", "br", "virbr")
_NUMBERED = re.compile(r"([a-z]+)([0-9]+)")


def bridge(interfaces: Path = INTERFACES, otherwise: str = DEFAULT) -> str:
    """`bridge()` is a bridge of this machine: `xenbr0` before `br0` before `virbr0`.

    After these it is the first of the others by name, and `otherwise` if there is none.
    """
    found = [path.parent.name for path in interfaces.glob("*/bridge")]
    return min(found, key=_rank, default=otherwise)


def _rank(name: str) -> tuple[int, int, str]:
    match = _NUMBERED.fullmatch(name)
    if match is None or match[1] not in _STEMS:
        return len(_STEMS), 0, name
    return _STEMS.index(match[1]), int(match[2]), name

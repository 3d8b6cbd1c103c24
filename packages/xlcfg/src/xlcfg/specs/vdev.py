"""Names of virtual disks and the numbers that a guest knows them by: xen-vbd-interface(7)."""

from __future__ import annotations

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def name(index: int) -> str:
    """The name of the disk with a number from 0: `xvda`, `xvdb`, ..., `xvdz`, `xvdaa`, ..."""
    if index < 0:
        raise ValueError("disks are numbered from 0")
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = _LETTERS[letter] + letters
    return f"xvd{letters}"


def number(vdev: str) -> int:
    """The number that a guest finds a whole disk such as `xvda` by in XenStore."""
    letters = vdev.removeprefix("xvd")
    if letters == vdev or not letters or not set(letters) <= set(_LETTERS):
        raise ValueError(f"`{vdev}` names no whole disk such as `xvda`")
    index = 0
    for letter in letters:
        index = index * 26 + _LETTERS.index(letter) + 1
    index -= 1
    return (202 << 8) | (index << 4) if index < 16 else (1 << 28) | (index << 8)

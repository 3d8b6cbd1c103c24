"""What an operator is shown of a console: everything that the guest says, less two remarks.

Of the kernel's own lines, that there is no PCI bus, where none was asked for, and that the
machine restarts, which is how it ends. Both mislead; both stay in the console's file.
"""

from __future__ import annotations

import re

_STAMP = rb"(?:\[ *[0-9]+\.[0-9]+\] )?"
_NO_PCI = b"PCI: Fatal: No config space access function found"
_RESTART = b"reboot: "
_FIRST = re.compile(_STAMP + re.escape(_NO_PCI) + rb"\s*")
_LAST = re.compile(_STAMP + re.escape(_RESTART) + rb".*\s*")
_VERDICT = re.compile(rb"fata: exit [0-9]{1,3}(?: .*)?\s*")
_HEAD_BYTES = 300


class Shown:
    """A console as it is shown, from its bytes as they come: `feed` them, and then `end`.

    Line ends become those of this machine. Only what may still become one of the remarks is held
    back until its line is complete. With `everything`, nothing is left out.
    """

    __slots__ = ("_everything", "_head", "_held", "_noise")

    def __init__(self, *, everything: bool = False) -> None:
        self._everything = everything
        self._head = b""  # how the line begins, whether it was shown or not
        self._held = b""
        self._noise: tuple[re.Pattern[bytes], bytes] | None = (_FIRST, _NO_PCI)

    def feed(self, data: bytes) -> bytes:
        """`feed(data)` is what to show now."""
        shown = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._take(line)
            shown.append(self._finished())
        self._take(rest)
        if not self._may_be_noise():
            whole = self._held.removesuffix(b"\r")  # its line may end here
            shown.append(whole)
            self._held = self._held[len(whole) :]
        return b"".join(shown)

    def end(self) -> bytes:
        """`end()` is what was held back, at the end of the console."""
        rest, self._held = self._held, b""
        return b"" if self._is_noise() and not self._everything else rest

    def _take(self, data: bytes) -> None:
        self._held += data
        self._head = (self._head + data)[:_HEAD_BYTES]

    def _finished(self) -> bytes:
        """What is left to show of the line that ends here."""
        held, noise, head = self._held.removesuffix(b"\r") + b"\n", self._is_noise(), self._head
        self._held = self._head = b""
        if not noise and head.strip():
            self._noise = (_LAST, _RESTART) if _VERDICT.fullmatch(head) else None
        return b"" if noise and not self._everything else held

    def _is_noise(self) -> bool:
        return self._noise is not None and self._noise[0].fullmatch(self._head) is not None

    def _may_be_noise(self) -> bool:
        if self._everything or self._noise is None or len(self._head) == _HEAD_BYTES:
            return False
        begin = re.sub(rb"^" + _STAMP, b"", self._head)
        remark = self._noise[1]
        stamp = re.fullmatch(rb"\[ *[0-9]*\.?[0-9]*\]? ?", begin)
        return bool(stamp) or remark.startswith(begin) or begin.startswith(remark)

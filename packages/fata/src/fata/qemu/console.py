"""Reading a guest's console: lines out of bytes, and the verdict that its last line gives.

The bytes come from the guest and may be anything; memory stays bounded and nothing raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_LIMIT = 65536
_OVERLAP = 1024  # kept when an endless line is cut, so that a verdict at the cut is still seen
_TEXT_LIMIT = 400

# ECMA-48: control sequences, control strings up to their end or the line's, other escapes.
_ESCAPE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)
_VERDICT = re.compile(r"fata: exit ([0-9]{1,3})(?: (.*))?")
# What the kernel says between the guest's last line and the end of the machine.
_AFTERWORD = re.compile(r"\s*(?:\[ *[0-9]+\.[0-9]+\] .*|reboot: .*|)")
_PANIC = re.compile(r"Kernel panic - not syncing: (.*)")
_OUT_OF_MEMORY = re.compile(r"Out of memory|oom-kill|System is deadlocked on memory")
_UNPACKING = re.compile(r"Initramfs unpacking failed: (.*)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`Verdict(code, reason)` is what the guest says of its own end; `code` is 0 to 255."""

    code: int
    reason: str | None


class Lines:
    """Text lines out of the bytes of a console, as they arrive."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """`feed(data)` are the lines that `data` completes, without line ends and escapes."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        lines = [plain(line) for line in complete]
        while len(self._rest) > LINE_LIMIT:
            lines.append(plain(self._rest[:LINE_LIMIT]))
            self._rest = self._rest[LINE_LIMIT - _OVERLAP :]
        return lines

    def end(self) -> list[str]:
        """`end()` is the last, unfinished line, if there is one."""
        rest, self._rest = self._rest, b""
        return [plain(rest)] if rest else []


def plain(line: bytes) -> str:
    """`plain(line)` is `line` as text that is safe to show: no escapes, no control characters."""
    text = _ESCAPE.sub(b"", line).rstrip(b"\r").decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable() or character == "\t")


class Reading:
    """What the lines seen so far tell about the end of the guest."""

    __slots__ = ("_out_of_memory", "_panic", "_unpacking", "_verdict", "last")

    def __init__(self) -> None:
        self._verdict: Verdict | None = None
        self._panic: str | None = None
        self._unpacking: str | None = None
        self._out_of_memory = False
        self.last = ""

    def line(self, text: str) -> None:
        """`line(text)` takes one more line into account."""
        verdict = _verdict(text)
        if verdict is not None:
            self._verdict = verdict
        elif "Kernel panic" in text or not _AFTERWORD.fullmatch(text):
            # Something ran on after the words that looked like the last ones.
            self._verdict = None
        if text.strip():
            self.last = text[:_TEXT_LIMIT]
        if self._panic is None and (panic := _PANIC.search(text)):
            self._panic = panic[1][:_TEXT_LIMIT]
        if self._unpacking is None and (unpacking := _UNPACKING.search(text)):
            self._unpacking = unpacking[1][:_TEXT_LIMIT]
        self._out_of_memory = self._out_of_memory or bool(_OUT_OF_MEMORY.search(text))

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, if the last line that is the guest's own is one."""
        return self._verdict

    def diagnosis(self) -> str | None:
        """`diagnosis()` is why a guest without a verdict ended, as far as its console tells."""
        if self._out_of_memory:
            return "the guest ran out of memory"
        if self._unpacking is not None:
            return f"the initramfs could not be unpacked: {self._unpacking}"
        if self._panic is None:
            return None
        if "Attempted to kill init" in self._panic:
            return _init_ended(self._panic)
        if re.search(r"Unable to mount root|No working init|Requested init", self._panic):
            return f"the kernel found no program to start: {self._panic}"
        return f"kernel panic: {self._panic}"


def _verdict(text: str) -> Verdict | None:
    match = _VERDICT.fullmatch(text)
    if match is None and (start := text.rfind("fata: exit ")) > 0:
        # Output that a program left without a line end stands before it.
        match = _VERDICT.fullmatch(text, start)
    if match is None or int(match[1]) > 255:
        return None
    reason = (match[2] or "").strip()[:_TEXT_LIMIT]
    return Verdict(int(match[1]), reason or None)


def _init_ended(panic: str) -> str:
    # wait(2): the low seven bits are the signal, the next byte the exit code.
    match = re.search(r"exitcode=0x([0-9a-f]{1,8})", panic)
    if match is None:
        return f"kernel panic: {panic}"
    status = int(match[1], 16)
    if status & 0x7F:
        return f"the first process was killed by signal {status & 0x7F}"
    return f"the first process ended with {status >> 8 & 0xFF} and said nothing of it"

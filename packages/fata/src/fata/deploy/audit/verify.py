"""Whether a log is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fata.deploy.audit.chain import HEAD, LOG, before_of, digest, files, lines, read_head


@dataclass(frozen=True, slots=True)
class Fault:
    """`Fault(file, line, why)` is the first line, from 1, that is not as it was written."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}"


def verify(root: Path) -> Fault | None:
    """`verify(root)` is the first line that was changed, or after which some are missing.

    Older files may have been taken away, from the oldest on. What a write that was cut off has
    left behind is no fault.
    """
    head = read_head(root)
    number, block, seen, place = 0, b"", "", (HEAD, 1)
    suspect: tuple[str, int] | None = None
    for path in files(root):
        content = path.read_bytes()
        if not content and path.name != LOG:
            return Fault(path.name, 1, "it is empty")
        for count, (line, said) in enumerate(lines(content), 1):
            place = (path.name, count)
            if said is None:
                suspect = suspect or place
                block += line
                continue
            oldest = number == 0 and said.entry.number > 1 and said.opens and suspect is None
            follows = said.entry.number == number + 1 and said.before == before_of(block)
            if not (oldest or follows):
                return Fault(*(suspect or place), "it, or the line before it, was changed")
            number, block, suspect = said.entry.number, line, None
            if head is not None and head.number == number:
                seen = digest(line)
    if suspect is not None and block.endswith(b"\n"):
        return Fault(*suspect, "it is no line of the log")
    if head is None:
        return Fault(HEAD, 1, "it says nothing, and the log has lines") if number > 1 else None
    if head.number > number:
        return Fault(*place, f"the log ends here, and line number {head.number} was its last")
    if seen != head.digest:
        return Fault(HEAD, 1, f"it is about another line than that with the number {head.number}")
    return None

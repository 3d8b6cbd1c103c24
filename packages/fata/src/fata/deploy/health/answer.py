"""What came of asking a guest once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Probe:
    """`Probe(ok, said, status, body, seconds)` is one attempt to ask a guest how it is.

    `said` is one line whose subject is the guest, such as "refused the connection". `status` and
    `body` are those of its answer by HTTP, if it gave one, with what does not print escaped, but
    for the ends of lines. `seconds` is how long it took.
    """

    ok: bool
    said: str
    status: int | None
    body: str
    seconds: float


def shown(data: bytes) -> str:
    r"""`shown(data)` is text that does nothing to a terminal: `\x1b` for an escape, and so on."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(
        each if each == "\n" or each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def duration(seconds: float) -> str:
    """`duration(0.012)` is "12 ms", and `duration(2.5)` "2.5 s"."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"

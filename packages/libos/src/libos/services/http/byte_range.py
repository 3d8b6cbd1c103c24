"""The Range header: a single range of bytes (RFC 9110 section 14)."""

from __future__ import annotations

# More digits than any file is long; `int` takes time that grows with the square of their number.
_MAX_DIGITS = 18


class Unsatisfiable(Exception):  # noqa: N818 - the word of RFC 9110
    """The range lies wholly outside the value: 416."""


def byte_range(header: bytes, size: int) -> tuple[int, int] | None:
    """`byte_range(header, size)` is the first byte and the one after the last that are wanted.

    It is `None` where the header is to be ignored: another unit, several ranges, or malformed,
    for which RFC 9110 section 14.2 lets a server send the whole. Raises `Unsatisfiable`.
    """
    unit, _, spec = header.partition(b"=")
    first_text, dash, last_text = spec.strip().partition(b"-")
    if unit.strip().lower() != b"bytes" or not dash or not (first_text or last_text):
        return None
    for text in (first_text, last_text):
        if text and (not text.isdigit() or len(text) > _MAX_DIGITS):
            return None
    if not first_text:  # the last so many bytes
        count = min(int(last_text), size)
        if count == 0:
            raise Unsatisfiable
        return size - count, size
    first = int(first_text)
    if last_text and int(last_text) < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, min(int(last_text) + 1, size) if last_text else size

"""Bytes and text: a file that is not UTF-8 keeps its bytes.

`xl` reads bytes. Bytes that are no UTF-8 become lone surrogates (PEP 383) and come back as they
were, so that a file in Latin-1 is read, edited and written without a change elsewhere.
"""

from __future__ import annotations


def decode(data: bytes) -> str:
    """The text of a file; `encode(decode(data)) == data` for all bytes."""
    return data.decode("utf-8", "surrogateescape")


def visible(text: str) -> str:
    r"""A text for a terminal: what it would not show stands as `\x1b`, `\xe9` and so on."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code & 0xFF:02x}" if code < 0x100 or 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def encode(text: str) -> bytes:
    """The bytes of a text that came from `decode`, or of any text without surrogates."""
    return text.encode("utf-8", "surrogateescape")

"""Boot arguments on the command line of a kernel, and off it again."""

from __future__ import annotations

from libos.boot.outcome import BAD_ARGUMENT, Outcome

PREFIX = "fata.arg="


def encode(word: str) -> str:
    """`encode(word)` is a kernel command line word that carries an argument.

    The kernel takes a name with a dot for a module parameter, so that it hands it neither to
    PID 1 nor warns of it. What could end the word or confuse its quoting is percent-encoded.
    """
    safe = "".join(
        chr(byte) if 0x21 <= byte < 0x7F and byte not in b"%\"'\\" else f"%{byte:02X}"
        for byte in word.encode()
    )
    return PREFIX + safe


def from_command_line(text: str) -> list[str]:
    """`from_command_line(text)` is the arguments that `encode` put on a kernel command line."""
    return [_decode(word.removeprefix(PREFIX)) for word in text.split() if word.startswith(PREFIX)]


def _decode(text: str) -> str:
    head, *parts = text.split("%")
    decoded = bytearray(head.encode())
    for part in parts:
        try:
            decoded.append(int(part[:2], 16))
        except ValueError:
            raise Outcome(BAD_ARGUMENT, f"boot argument {text!r} is not percent-encoded") from None
        decoded += part[2:].encode()
    return decoded.decode(errors="replace")

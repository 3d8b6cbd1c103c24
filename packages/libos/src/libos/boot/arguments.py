"""Boot arguments: what an operator tells a program when it starts."""

from __future__ import annotations

from libos.boot.outcome import BAD_ARGUMENT, SUCCESS, Outcome

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "fata.arg="


class Argument:
    """`Argument(name, converter, default, doc, where)` declares the boot argument `--name`.

    `converter` names an entry of `CONVERTERS`, `default` is text or `None`, and `where` is the
    line of the configuration that declared it.
    """

    __slots__ = ("converter", "default", "doc", "name", "where")

    def __init__(
        self, name: str, converter: str, default: str | None, doc: str, where: str
    ) -> None:
        self.name = name
        self.converter = converter
        self.default = default
        self.doc = doc
        self.where = where


def _integer(text: str) -> int:
    try:
        return int(text, 10)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _port(text: str) -> int:
    number = _integer(text)
    if not 0 < number < 65536:
        raise ValueError(f"{text!r} is not a port from 1 to 65535")
    return number


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "yes", "on", "1"):
        return True
    if lowered in ("false", "no", "off", "0"):
        return False
    raise ValueError(f"{text!r} is not true or false")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


CONVERTERS: dict[str, Callable[[str], object]] = {
    "str": str,
    "int": _integer,
    "port": _port,
    "bool": _boolean,
    "choice": str,
    "words": _words,
}


def parse(declared: tuple[Argument, ...], words: list[str]) -> dict[str, object]:
    """`parse(declared, words)` is the value of each declared argument, from `--name=value`.

    A later word wins over an earlier one; `--name` alone means true. Raises `Outcome` with
    `BAD_ARGUMENT` for a word that is not declared or has a bad value, and with `SUCCESS` and the
    list of arguments for `--help`.
    """
    known = {argument.name: argument for argument in declared}
    texts = {argument.name: argument.default for argument in declared}
    for word in words:
        name, equals, text = word.removeprefix("--").partition("=")
        if word == "--help":
            raise Outcome(SUCCESS, usage(declared))
        if not word.startswith("--") or name not in known:
            names = ", ".join(f"--{name}" for name in sorted(known)) or "none"
            raise Outcome(BAD_ARGUMENT, f"unknown boot argument {word!r}; there are: {names}")
        texts[name] = text if equals else "true"
    return {name: _convert(known[name], text) for name, text in texts.items()}


def _convert(argument: Argument, text: str | None) -> object:
    if text is None:
        return None
    try:
        return CONVERTERS[argument.converter](text)
    except (ValueError, KeyError) as error:
        where = f", declared at {argument.where}" if argument.where else ""
        raise Outcome(BAD_ARGUMENT, f"boot argument --{argument.name}: {error}{where}") from None


def usage(declared: tuple[Argument, ...]) -> str:
    """`usage(declared)` is one line per argument: its form, default and meaning."""
    lines = [
        f"--{argument.name}={argument.converter.upper()}  {argument.doc}"
        f" (default: {'unset' if argument.default is None else argument.default})"
        for argument in declared
    ]
    return "boot arguments: " + ("; ".join(lines) or "none")


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

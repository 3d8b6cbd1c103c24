"""Boot arguments: what an operator tells a program when it starts."""

from __future__ import annotations

from libos.boot.converters import converter, list_of
from libos.boot.outcome import BAD_ARGUMENT, SUCCESS, Outcome

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable

BACKTRACE = "backtrace"
"""The flag that every program takes: show the whole traceback of an error."""


class BadArgument(Outcome):
    """`BadArgument(what, where, do)` is a mistake in the boot arguments, and its remedy.

    `where` is the line of the configuration that declared the argument; "" for one that none did.
    """

    def __init__(self, what: str, where: str, do: str) -> None:
        declared = f", declared at {where}" if where else ""
        super().__init__(BAD_ARGUMENT, f"{what}{declared}; {do}")
        self.what = what
        self.where = where
        self.do = do


class Argument:
    """`Argument(name, converter, default, doc, where)` declares the boot argument `--name`.

    `converter` is a name that `libos.boot.converters` knows or, for a converter of the user's
    own, the function from text to value; `[function]` reads several, comma between. `default` is
    text, for a `repeated` argument a tuple of texts, or `None`. `where` is the line of the
    configuration that declared it. An argument with neither a default nor `required` may stay
    unset: it is then `None`, or `()` if `repeated`. A `flag` is a truth that is said by its name
    alone. `short` is a letter for `-X`, `choices` are the texts to choose from, and `group` is
    what the name begins with, of several devices of a kind.
    """

    __slots__ = (
        "choices",
        "converter",
        "default",
        "doc",
        "flag",
        "group",
        "name",
        "repeated",
        "required",
        "short",
        "where",
    )

    def __init__(  # noqa: PLR0913 - each is a field of a table, by name
        self,
        name: str,
        converter: str | Callable[[str], object] | list[Callable[[str], object]],
        default: str | tuple[str, ...] | None = None,
        doc: str = "",
        where: str = "",
        *,
        required: bool = False,
        flag: bool = False,
        repeated: bool = False,
        short: str | None = None,
        choices: tuple[str, ...] = (),
        group: str | None = None,
    ) -> None:
        self.name = name
        self.converter = converter
        self.default = default
        self.doc = doc
        self.where = where
        self.required = required
        self.flag = flag
        self.repeated = repeated
        self.short = short
        self.choices = choices
        self.group = group

    @property
    def bare(self) -> bool:
        """Whether the name alone says all, so that the next word is not its value."""
        return self.flag or self.converter == "bool"

    @property
    def form(self) -> str:
        """How the argument is written, such as `--port=PORT`."""
        return f"--{self.name}" if self.flag else f"--{self.name}={self.value_form}"

    @property
    def value_form(self) -> str:
        """What stands for its value in a message: `PORT`, or `tcp|udp`."""
        if not isinstance(self.converter, str):
            return "VALUE,..." if isinstance(self.converter, list) else "VALUE"
        several = self.converter.startswith("list of ") or self.converter == "words"
        element = self.converter.removeprefix("list of ").upper()
        one = "|".join(self.choices) or ("WORD" if element == "WORDS" else element)
        return f"{one},..." if several else one


def parse(declared: tuple[Argument, ...], words: list[str]) -> dict[str, object]:
    """`parse(declared, words)` is the value of each declared argument, by its name.

    Words are `--name=value`, `--name value`, `-n value`, `-nvalue`, or the name alone for a flag.
    A later one wins over an earlier one, unless the argument is `repeated`. Raises `BadArgument`
    for a word that is not declared, a bad value and a required argument that is missing, and
    `Outcome` with `SUCCESS` and the table of arguments for `--help`.
    """
    said = _read(declared, words)
    return {argument.name: _value(argument, said.get(argument.name)) for argument in declared}


def _read(declared: tuple[Argument, ...], words: list[str]) -> dict[str, list[str]]:
    """The texts that were said of each argument, in order."""
    long = {argument.name: argument for argument in declared}
    short = {argument.short: argument for argument in declared if argument.short}
    said: dict[str, list[str]] = {}
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--help" or (word == "-h" and "h" not in short):
            from libos.boot.usage import usage

            raise Outcome(SUCCESS, "help was asked for", usage(declared))
        if word == "--" and not rest:
            break
        if word.startswith("--"):
            name, equals, text = word[2:].partition("=")
            if name == BACKTRACE and name not in long:
                continue
            argument = long.get(name)
            if argument is None:
                raise _unknown(declared, word)
            given = text if equals else None
        elif len(word) > 1 and word[0] == "-" and word[1] in short:
            argument = short[word[1]]
            given = word[2:] or None
            if given is not None and argument.flag:
                rest.append(f"-{given}")  # several flags behind one dash
                given = None
        else:
            raise _unknown(declared, word)
        said.setdefault(argument.name, []).append(_text(argument, given, rest, short))
    return said


def _text(
    argument: Argument,
    given: str | None,
    rest: list[str],
    short: dict[str, Argument],
) -> str:
    """The text of an argument's value: what was given with its name, or the next word."""
    if argument.flag and given is not None:
        raise BadArgument(
            f"boot argument `--{argument.name}` takes no value",
            argument.where,
            f"write `--{argument.name}` alone",
        )
    if given is not None:
        return given
    if argument.bare:
        return "true"
    if not rest or rest[-1].startswith("--") or (rest[-1][:1] == "-" and rest[-1][1:2] in short):
        raise BadArgument(
            f"boot argument `--{argument.name}` has no value",
            argument.where,
            f"write `{argument.form}`",
        )
    return rest.pop()


def _unknown(declared: tuple[Argument, ...], word: str) -> BadArgument:
    name = word.partition("=")[0]
    if not word.startswith("-"):
        return BadArgument(
            f"`{word}` is not a boot argument", "", "write `--NAME=VALUE`; `--help` lists them"
        )
    names = sorted(f"--{argument.name}" for argument in declared)
    near = _nearest(name, names)
    known = ", ".join(f"`{name}`" for name in names)
    remedy = f"did you mean `{near}`?" if near else f"the boot arguments are {known or 'none'}"
    return BadArgument(f"there is no boot argument `{name}`", "", remedy)


def _nearest(name: str, names: list[str]) -> str | None:
    """The name that was probably meant: few slips of the finger away, for its length."""
    slips, near = min(((_slips(name, each), each) for each in names), default=(len(name), ""))
    return near if slips <= min(3, max(1, (len(name) - 2) // 2)) else None


def _slips(one: str, other: str) -> int:
    """The letters to add, drop or change (Levenshtein): `difflib` is large for an image."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one):
        before, row[0] = row[0], index + 1
        for at, wanted in enumerate(other):
            cost = min(before + (letter != wanted), row[at] + 1, row[at + 1] + 1)
            before, row[at + 1] = row[at + 1], cost
    return row[-1]


def _value(argument: Argument, said: list[str] | None) -> object:
    """The value of an argument of which the texts were said; `None` if nothing was."""
    if said is None and argument.required:
        raise BadArgument(
            f"boot argument `--{argument.name}` must be given: {argument.doc}".rstrip(": "),
            argument.where,
            f"add `{argument.form}`",
        )
    if argument.repeated:
        texts = (argument.default or ()) if said is None else said
        return tuple(_convert(argument, text) for text in texts)
    text = argument.default if said is None else said[-1]
    if text is None:
        return False if argument.flag else None
    return _convert(argument, str(text))


def _convert(argument: Argument, text: str) -> object:
    read = argument.converter
    if isinstance(read, str):
        read = converter(read, argument.choices)
    elif isinstance(read, list):
        read = list_of(read[0])
    try:
        return read(text)
    except ValueError as error:
        raise BadArgument(
            f"boot argument `--{argument.name}`: {error}",
            argument.where,
            f"give it as `{argument.form}`",
        ) from None

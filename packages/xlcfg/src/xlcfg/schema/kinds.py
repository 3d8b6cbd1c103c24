"""What the value of an option may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from xlcfg.cnumber import LONG_MAX
from xlcfg.rules import NUMBER, RANGE, VALUE, WRONG_TYPE, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from xlcfg.specs.flaw import Reader


@dataclass(frozen=True, slots=True)
class Text:
    """Any string."""


@dataclass(frozen=True, slots=True)
class Integer:
    """`Integer(low, high)` is a number, read as C does; a value outside breaks `outside`.

    What is no number breaks `unread`: `xl` mostly ignores the option then.
    """

    low: int = -LONG_MAX - 1
    high: int = LONG_MAX
    outside: Rule = RANGE
    unread: Rule = NUMBER


@dataclass(frozen=True, slots=True)
class Boolean:
    """A number that is false where it is 0."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`Choice(words)` is one of the words; another makes `xl` refuse the file.

    The first `numbers` words can be given by their number, which breaks `numbered` where that is
    a rule; a larger number breaks `excess`. A list breaks `mistyped`. `begins` tells that the
    beginning of a word stands for it, `fold` that upper case stands for lower case.
    """

    words: tuple[str, ...]
    numbers: int = 0
    numbered: Rule | None = None
    excess: Rule = VALUE
    mistyped: Rule = WRONG_TYPE
    begins: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """`Spec(flaws, page, read)` is a string of a small language, such as a disk.

    `flaws` tells what is wrong with one, `read` is what one describes, `page` the manual page
    where it is not xl.cfg(5).
    """

    flaws: Reader
    page: str = ""
    read: Callable[[str], object] = str


@dataclass(frozen=True, slots=True)
class Listed:
    """`Listed(item)` is a list of values of one kind; another type breaks `mistyped`.

    A string in its place is of the kind `alone`, which breaks `lonely` where that is a rule. An
    item that is itself a list, or a string where lists are due, breaks `odd`.
    """

    item: Kind
    alone: Kind | None = None
    lonely: Rule | None = None
    mistyped: Rule = WRONG_TYPE
    odd: Rule | None = None


Kind: TypeAlias = Text | Integer | Boolean | Choice | Spec | Listed
"""What the value of an option may be."""

TEXT = Text()
BOOLEAN = Boolean()

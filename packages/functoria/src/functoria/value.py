"""Values that depend on keys, known before the keys are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from functoria.error import UserError
from functoria.position import here

if TYPE_CHECKING:
    from functoria.context import Context
    from functoria.key import Key

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, eq=False)
class Value(Generic[T]):
    """`Value(keys, evaluate)` is what `evaluate` gives in a context that binds `keys`.

    It is applicative: which keys it depends on is known without evaluating it. `name` is what
    a reader calls it, such as the option of the key that it is the value of.
    """

    keys: tuple[Key[Any], ...]
    evaluate: Callable[[Context], T]
    name: str | None = None

    def map(self, function: Callable[[T], U]) -> Value[U]:
        """`v.map(f)` is `f` of the value."""
        return Value(self.keys, lambda context: function(self.evaluate(context)))

    def both(self, other: Value[U]) -> Value[tuple[T, U]]:
        """`v.both(w)` is the pair of the two values."""
        keys = tuple(dict.fromkeys((*self.keys, *other.keys)))
        return Value(keys, lambda context: (self.evaluate(context), other.evaluate(context)))

    def equals(self, expected: T) -> Value[bool]:
        """`v.equals(x)` is whether the value is `x`."""
        name = None if self.name is None else f"{self.name}={expected}"
        return Value(self.keys, lambda context: self.evaluate(context) == expected, name)

    def __bool__(self) -> bool:
        """No value is true or false before it is evaluated."""
        raise UserError(
            f"the value of `{self}` is not known yet, and is neither true nor false",
            here(),
            "choose by it with `if_impl` or `match_impl`",
        )

    def __str__(self) -> str:
        return self.name or ", ".join(key.option for key in self.keys)


def pure(value: T) -> Value[T]:
    """`pure(x)` is `x`, whatever the keys are."""
    return Value((), lambda _context: value)

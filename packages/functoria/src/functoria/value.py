"""Values that depend on keys, known before the keys are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from functoria.context import Context
    from functoria.key import Key

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, eq=False)
class Value(Generic[T]):
    """`Value(keys, evaluate)` is what `evaluate` gives in a context that binds `keys`.

    It is applicative: which keys it depends on is known without evaluating it.
    """

    keys: tuple[Key[Any], ...]
    evaluate: Callable[[Context], T]

    def map(self, function: Callable[[T], U]) -> Value[U]:
        """`v.map(f)` is `f` of the value."""
        return Value(self.keys, lambda context: function(self.evaluate(context)))

    def both(self, other: Value[U]) -> Value[tuple[T, U]]:
        """`v.both(w)` is the pair of the two values."""
        keys = tuple(dict.fromkeys((*self.keys, *other.keys)))
        return Value(keys, lambda context: (self.evaluate(context), other.evaluate(context)))

    def equals(self, expected: T) -> Value[bool]:
        """`v.equals(x)` is whether the value is `x`."""
        return self.map(lambda value: value == expected)


def pure(value: T) -> Value[T]:
    """`pure(x)` is `x`, whatever the keys are."""
    return Value((), lambda _context: value)

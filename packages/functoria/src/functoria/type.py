"""Types of devices: signatures, and the arrows of functors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """`Type(name)` is a signature, such as `stack`. Two types are the same if their names are."""

    name: str

    def __rshift__(self, result: Type) -> Arrow:
        return Arrow((self,), result)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Arrow:
    """`Arrow((a, b), c)`, written `a >> b >> c`, is the type of a functor from a and b to c.

    A parameter that is itself a functor is put in by hand: `Arrow((Arrow((a,), b),), c)`, since
    `(a >> b) >> c` reads as `a >> b >> c`.
    """

    parameters: tuple[Type | Arrow, ...]
    result: Type

    def __rshift__(self, result: Type) -> Arrow:
        return Arrow((*self.parameters, self.result), result)

    def __str__(self) -> str:
        parameters = (f"({p})" if isinstance(p, Arrow) else str(p) for p in self.parameters)
        return " >> ".join((*parameters, str(self.result)))


AnyType = Type | Arrow

JOB = Type("job")
"""The type of what is run when every device is up: a program has one or more of them."""


def parameters(type_: AnyType) -> tuple[AnyType, ...]:
    """`parameters(t)` is what `t` still has to be applied to; nothing for a plain type."""
    return type_.parameters if isinstance(type_, Arrow) else ()


def result(type_: AnyType) -> Type:
    """`result(t)` is the type of `t` once it is applied to everything it takes."""
    return type_.result if isinstance(type_, Arrow) else type_


def applied(type_: AnyType, count: int) -> AnyType:
    """`applied(t, n)` is the type of a `t` applied to its first `n` arguments."""
    rest = parameters(type_)[count:]
    return Arrow(rest, result(type_)) if rest else result(type_)

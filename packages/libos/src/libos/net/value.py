"""Values compared and shown by their fields, without the start-up cost of `dataclasses`."""

from __future__ import annotations


class Value:
    """`Value` is the base of a class whose `__slots__` say all there is to its instances.

    Two values are equal if they are of one class and their fields are equal. A dataclass would
    write the same methods by compiling source at import, which a guest pays for at every start.
    """

    __slots__: tuple[str, ...] = ()

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        fields = zip(self.__slots__, self._fields(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields)})"

"""Contexts: the values of keys, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from functoria.error import UsageError
from functoria.key import Key, Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Binding:
    """`Binding(value, origin)` is a key's value and who said so, such as `command line`."""

    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Source:
    """`Source(name, texts)` are options as text, by option name, from one place."""

    name: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """`Context(bindings)` has a value for every key it was resolved for, by option name."""

    bindings: Mapping[str, Binding]

    def get(self, key: Key[T]) -> T:
        """`context.get(key)` is the key's value, or its default if nothing was said of it."""
        binding = self.bindings.get(key.option)
        return key.default if binding is None else binding.value  # type: ignore[return-value]

    def origin(self, key: Key[Any]) -> str:
        """`context.origin(key)` is where the key's value came from."""
        binding = self.bindings.get(key.option)
        return "default" if binding is None else binding.origin


def resolve(keys: Iterable[Key[Any]], sources: Iterable[Source]) -> Context:
    """`resolve(keys, sources)` binds each configure key to what the last source says of it.

    Raises `UsageError` for a text which the key's converter refuses.
    """
    bindings: dict[str, Binding] = {}
    wanted = [key for key in keys if key.stage is Stage.CONFIGURE]
    for source in sources:
        for key in wanted:
            text = source.texts.get(key.option)
            if text is None:
                continue
            try:
                bindings[key.option] = Binding(key.converter.parse(text), source.name)
            except ValueError as error:
                raise UsageError(
                    f"value of `--{key.option}`: {error}",
                    f"--{key.option}, from the {source.name}",
                    f"give `--{key.option}` a value of the form {key.converter}",
                ) from None
    return Context(bindings)

"""Contexts: the values of keys, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from functoria.error import UsageError, UserError, one_line
from functoria.key import Key, Stage, Texts

T = TypeVar("T")

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Binding:
    """`Binding(value, origin)` is a key's value and who said so, such as `command line`."""

    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Source:
    """`Source(name, texts)` are options as text, by option name, from one place.

    `places` says for some options where exactly, such as the name of an environment variable.
    A bad value from a source that is `kept`, rather than typed for this command, is a failure
    and no mistake on the command line; `place` then names the file, and `remedy` what to do.
    """

    name: str
    texts: Mapping[str, str | Texts]
    places: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False
    place: str | None = None
    remedy: str | None = None

    def said(self, option: str) -> Texts | None:
        """`source.said(option)` is the texts given for the option; `None` if there are none."""
        found = self.texts.get(option)
        return (found,) if isinstance(found, str) else found

    def origin(self, option: str) -> str:
        """`source.origin(option)` is what a reader is told of where the value is from."""
        place = self.places.get(option)
        return self.name if place is None else f"{self.name} ({place})"


@dataclass(frozen=True, slots=True)
class Context:
    """`Context(bindings)` has a value for every key that something was said of.

    Keys are told apart by identity: in branches that are not taken there may be others of the
    same option.
    """

    bindings: Mapping[Key[Any], Binding]

    def get(self, key: Key[T]) -> T:
        """`context.get(key)` is the key's value, or its default if nothing was said of it."""
        binding = self.bindings.get(key)
        return key.unsaid if binding is None else binding.value  # type: ignore[return-value]

    def origin(self, key: Key[Any]) -> str:
        """`context.origin(key)` is where the key's value came from."""
        binding = self.bindings.get(key)
        return DEFAULT if binding is None else binding.origin


def resolve(keys: Iterable[Key[Any]], sources: Iterable[Source]) -> Context:
    """`resolve(keys, sources)` binds each configure key to what the last source says of it.

    Raises `UsageError`, and `UserError` for a kept source, for a text which the key's converter
    refuses.
    """
    bindings: dict[Key[Any], Binding] = {}
    wanted = [key for key in keys if key.stage is Stage.CONFIGURE]
    for source in sources:
        for key in wanted:
            texts = source.said(key.option)
            if texts is not None:
                bindings[key] = Binding(_parsed(key, texts, source), source.origin(key.option))
    return Context(bindings)


def _parsed(key: Key[Any], texts: Texts, source: Source) -> object:
    try:
        return key.parse(texts)
    except ValueError as error:
        what = f"value of `--{key.option}`: {one_line(str(error))}"
        if source.kept:
            raise UserError(
                f"the {source.name} is of no use: {what}",
                source.place,
                source.remedy or f"give `--{key.option}` a value of the form {key.converter}",
            ) from None
        raise UsageError(
            what,
            f"--{key.option}, from the {source.origin(key.option)}",
            f"give `--{key.option}` a value of the form {key.converter}",
        ) from None


def require(keys: Iterable[Key[Any]], context: Context) -> None:
    """Raise `UsageError` for a required configure key that nothing was said of."""
    for key in keys:
        if key.required and key.stage is Stage.CONFIGURE and key not in context.bindings:
            declared = f", declared at {key.position}" if key.position else ""
            form = key.converter.choices[0] if key.converter.choices else str(key.converter)
            raise UsageError(
                f"`--{key.option}` must be given{declared}: {key.doc or key.option}",
                f"--{key.option}",
                f"give it to `configure`, as `--{key.option} {form}`",
            )

"""What a configuration says, in the types of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcfg.check import check
from xlcfg.cnumber import whole
from xlcfg.diagnostic import Severity
from xlcfg.error import ParseError
from xlcfg.evaluate import values
from xlcfg.schema import BY_NAME
from xlcfg.schema.kinds import Boolean, Choice, Integer, Kind, Listed, Spec

if TYPE_CHECKING:
    from xlcfg.tree import Data, Document


def typed(document: Document, file: str = "<document>") -> dict[str, object]:
    """What each name says: `int`, `bool`, `str`, `Disk`, `Vif`, `Pci`, a dict, or a tuple of them.

    An option that is not in the schema is a string or a tuple of strings. Raises `ParseError`
    for a configuration that `check` finds an error in.
    """
    errors = [found for found in check(document) if found.severity is Severity.ERROR]
    if errors:
        raise ParseError(errors, file)
    return {name: _option(name, data) for name, data in values(document).items()}


def _option(name: str, data: Data) -> object:
    option = BY_NAME.get(name)
    return _plain(data) if option is None else _value(option.kind, data)


def _plain(data: Data) -> object:
    return data if isinstance(data, str) else tuple(_plain(part) for part in data)


def _value(kind: Kind, data: Data) -> object:
    match kind:
        case Listed(item, alone):
            if isinstance(data, list):
                return tuple(_value(item, part) for part in data)
            return _plain(data) if alone is None else _value(alone, data)
        case _ if isinstance(data, list):
            return _plain(data)
        case Boolean():
            return bool(whole(data))
        case Integer():
            return whole(data)
        case Choice(words, numbers):
            return _word(kind, words, numbers, data)
        case Spec(read=read):
            return read(data)
        case _:
            return data


def _word(kind: Choice, words: tuple[str, ...], numbers: int, text: str) -> str:
    """The word that a choice stands for, given in full, by its beginning or by its number."""
    number = whole(text) if numbers else None
    if number is not None:
        return words[number] if 0 <= number < numbers else text
    said = text.lower() if kind.fold else text
    if kind.begins and said not in words:
        return next((word for word in words if word.startswith(said)), said)
    return said

"""Templates: configurations with placeholders for what the place decides.

A placeholder is `@NAME@`, `@KERNEL@`, `@RAMDISK@`, `@MEMORY@`, `@ARGS@`, `@BLOCK:name@` or
`@NETWORK:name@`: the names of MirageOS's templates and two more. It stands inside a string, where
its value is escaped, or alone, where a number stays a number and a text gets quotes. Comments
are left alone. Filling is all or nothing: a placeholder without a value, a value without a
placeholder and a value that would say more than itself are errors.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from xlcfg.error import XlcfgError
from xlcfg.parser import MAX_LENGTH, parse
from xlcfg.position import Position
from xlcfg.quoting import escape, quote
from xlcfg.schema import BY_NAME
from xlcfg.schema.kinds import Listed, Spec
from xlcfg.specs import disk, vif
from xlcfg.tree import Document, List, String, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAMES = ("NAME", "KERNEL", "RAMDISK", "MEMORY", "ARGS")
"""The placeholders that are a name alone."""

FAMILIES = ("BLOCK", "NETWORK")
"""The placeholders that take a name, as in `@BLOCK:data@`."""

_PLACEHOLDER = re.compile(r"@([A-Za-z][A-Za-z0-9_]*)(?::([^@\s'\"\\,]*))?@")
_WORD = re.compile(
    r"""(?P<string>'(?:[^'\\\n]++|\\[^\n])*+'|"(?:[^"\\\n]++|\\[^\n])*+")"""
    r"""|(?P<comment>\#[^\n]*+)|(?P<bare>@[A-Za-z][A-Za-z0-9_]*(?::[^@\s'"\\,]*)?@)"""
)
_BRIDGE = re.compile(r"[^\s/,=]{1,15}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`Placeholder(key, at, start, end, mark)` is one placeholder of a template.

    `key` is what it is filled by, such as `KERNEL` or `BLOCK:data`; `start` and `end` bound it
    in the text; `mark` is the quote that it stands in, or `""`.
    """

    key: str
    at: Position
    start: int
    end: int
    mark: str


def placeholders(text: str, file: str = "<template>") -> list[Placeholder]:
    """The placeholders of a template in its order; raises `XlcfgError` for an unknown one."""
    if len(text) > MAX_LENGTH:
        raise XlcfgError(f"the template has more than {MAX_LENGTH} characters", file, "shorten it")
    found = []
    line, begin, seen = 1, 0, 0
    for start, end, mark in _places(text):
        line += text.count("\n", seen, start)
        begin = text.rfind("\n", 0, start) + 1
        seen = start
        at = Position(line, start - begin + 1)
        found.append(Placeholder(_key(text[start:end], f"{file}:{at}"), at, start, end, mark))
    return found


def fill(text: str, values: Mapping[str, str | int], file: str = "<template>") -> str:
    """The configuration that a template becomes; `values` has a value for each placeholder.

    Raises `XlcfgError` where a value is missing, not used, not of its type, or would say more
    than itself, and where the template is no configuration.
    """
    found = placeholders(text, file)
    _complete(found, values, file)
    for place in found:
        _typed(place.key, values[place.key], f"{file}:{place.at}")
    filled = _substituted(text, found, lambda place: str(values[place.key]))
    marks = {place.key: f"placeholder{number}x" for number, place in enumerate(found)}
    marked = _substituted(text, found, lambda place: _mark(place, marks))
    _same(parse(marked, file), parse(filled, file), marks, values, file)
    return filled


def _places(text: str) -> Iterator[tuple[int, int, str]]:
    for word in _WORD.finditer(text):
        if word.lastgroup == "bare":
            yield word.start(), word.end(), ""
        elif word.lastgroup == "string":
            for match in _PLACEHOLDER.finditer(text, word.start() + 1, word.end() - 1):
                yield match.start(), match.end(), word[0][0]


def _key(text: str, where: str) -> str:
    name, colon, rest = text[1:-1].partition(":")
    if name in NAMES and not colon:
        return name
    if name in FAMILIES and rest:
        return f"{name}:{rest}"
    known = [f"@{known}@" for known in NAMES] + [f"@{known}:name@" for known in FAMILIES]
    do = f"write one of {', '.join(known)}"
    raise XlcfgError(f"`{text}` is no placeholder", where, do)


def _complete(found: list[Placeholder], values: Mapping[str, str | int], file: str) -> None:
    """Placeholders and values have to match, one for one."""
    missing = [place for place in found if place.key not in values]
    if missing:
        names = ", ".join(dict.fromkeys(f"@{place.key}@" for place in missing))
        do = f"give values for {names}"
        raise XlcfgError(f"`@{missing[0].key}@` has no value", f"{file}:{missing[0].at}", do)
    unused = sorted(values.keys() - {place.key for place in found})
    if unused:
        do = "drop the value, or add the placeholder where it belongs"
        raise XlcfgError(f"the template has no `@{unused[0]}@`", file, do)


def _typed(key: str, value: str | int, where: str) -> None:
    """Hold a value to what its placeholder stands for."""
    name = key.partition(":")[0]
    text = str(value)
    if name == "MEMORY":
        good = not isinstance(value, bool) and re.fullmatch(r"[1-9][0-9]{0,11}", text) is not None
        do = "give a whole number of MiB"
    elif name == "NETWORK":
        good = _BRIDGE.fullmatch(text) is not None
        do = "give the name of a bridge, at most 15 characters without `,`, `=`, `/` and blanks"
    else:
        good = isinstance(value, str) and "\0" not in text and (bool(text) or name == "ARGS")
        do = "give a text"
    if not good:
        raise XlcfgError(f"`{text}` cannot stand for `@{key}@`", where, do)


def _substituted(text: str, found: list[Placeholder], value: Callable[[Placeholder], str]) -> str:
    parts = []
    place = 0
    for this in found:
        said = value(this)
        parts.append(text[place : this.start])
        if this.mark:
            parts.append(escape(said, this.mark))
        else:
            parts.append(said if this.key == "MEMORY" else quote(said))
        place = this.end
    return "".join([*parts, text[place:]])


def _mark(place: Placeholder, marks: Mapping[str, str]) -> str:
    return "1" if place.key == "MEMORY" else marks[place.key]


def _same(
    marked: Document,
    filled: Document,
    marks: Mapping[str, str],
    values: Mapping[str, str | int],
    file: str,
) -> None:
    """Every value has to say what its placeholder stood for and nothing else."""
    for before, after in zip(marked.settings, filled.settings, strict=True):
        name = before.name
        for old, new in zip(_strings(before.value), _strings(after.value), strict=True):
            used = [key for key in marks if marks[key] in old.value]
            if used and not _alone(name, old.value, new.value, {k: marks[k] for k in used}, values):
                what = f"the value of `@{used[0]}@` does not fit into `{name}`"
                do = "use a value without commas, or put it last as the target of a disk"
                raise XlcfgError(what, f"{file}:{old.at}", do)


def _alone(
    name: str,
    old: str,
    new: str,
    marks: Mapping[str, str],
    values: Mapping[str, str | int],
) -> bool:
    """Whether a string with values in it reads as it does with plain words in their place."""
    option = BY_NAME.get(name)
    if option is None or not (
        isinstance(option.kind, Listed) and isinstance(option.kind.item, Spec)
    ):
        return True
    readers: dict[str, Callable[[str], disk.Disk | vif.Vif]] = {"disk": disk.read, "vif": vif.read}
    reader = readers.get(name)
    if reader is None:
        return not any(set(str(values[key])) & set(",=;@ ") for key in marks)
    try:
        before, after = astuple(reader(old)), astuple(reader(new))
    except XlcfgError:
        return False

    def said(part: object) -> object:
        if not isinstance(part, str):
            return part
        for key, mark in marks.items():
            part = part.replace(mark, str(values[key]))
        return part

    return tuple(said(part) for part in before) == after


def _strings(value: Value) -> Iterator[String]:
    if isinstance(value, List):
        for part in value.values:
            yield from _strings(part)
    else:
        yield value

"""A requirement as config.py names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from functoria.error import Position, UserError

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+"
_SPECIFICATION = re.compile(
    rf"({_NAME})\s*(?:\[\s*(?:{_NAME}(?:\s*,\s*{_NAME})*)?\s*\])?\s*"
    rf"(?:@\s*(?P<url>\S+)|\(?\s*(?:{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?\s*,?\s*\)?)"
    r"\s*(?:;.+)?"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """`Requirement(text, where)` is one dependency specifier (PEP 508) and where it was written.

    `text` may also be the path of a wheel or source archive, relative to the project: `./x.whl`.
    """

    text: str
    where: Position | str | None = None


def is_path(requirement: Requirement) -> bool:
    """`is_path(r)` tells a path on this machine from a name in an index."""
    return requirement.text.startswith(("./", "../", "/"))


def local_file(requirement: Requirement, project: Path) -> Path | None:
    """`local_file(r, project)` is the archive that `r` names on this machine, if it names one."""
    if is_path(requirement):
        return project / requirement.text
    match = _SPECIFICATION.fullmatch(requirement.text)
    url = match["url"] if match else None
    return Path(url.removeprefix("file://")) if url and url.startswith("file:///") else None


def name_of(requirement: Requirement) -> str:
    """`name_of(r)` is the project's name as an index compares it (PEP 503), or the path itself."""
    match = _SPECIFICATION.fullmatch(requirement.text)
    return normal_name(match[1]) if match else requirement.text


def normal_name(name: str) -> str:
    """`normal_name("Foo_Bar")` is `"foo-bar"` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check(requirement: Requirement, project: Path) -> None:
    """`check(r, project)` raises `UserError` where `r` cannot be a requirement at all."""
    text = requirement.text
    if not is_path(requirement) and not _SPECIFICATION.fullmatch(text):
        raise UserError(
            f"`{text}` is not a requirement",
            requirement.where,
            'write a name and, if need be, versions, as in "starlette>=1,<2" or "a[extra]"',
        )
    path = local_file(requirement, project)
    if path is None:
        return
    if path.is_dir():
        raise UserError(
            f"the requirement `{text}` is a directory, which has no digest to lock",
            requirement.where,
            "name a wheel of it (`uv build --wheel`), or move the package into the project",
        )
    if not path.is_file():
        raise UserError(
            f"the requirement `{text}` names a file that does not exist",
            requirement.where,
            "name a wheel or source archive, relative to the project",
        )

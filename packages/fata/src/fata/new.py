"""New projects, from templates that run as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from functoria import UsageError, UserError
from functoria.action import Action, WriteFile


@dataclass(frozen=True, slots=True)
class Template:
    """`Template(doc, run)` is a kind of project, and the command that runs it as a process."""

    doc: str
    run: str = "fata run"


TEMPLATES: Mapping[str, Template] = {
    "asgi": Template("an ASGI application"),
    "dhcp": Template(
        "a DHCP server for one network", "sudo fata run -- --interface=NAME --range=FIRST-LAST"
    ),
    "dns": Template("an authoritative DNS server for one zone", "fata run -- --port=5353"),
    "job": Template("a program that does one thing and ends"),
    "site": Template("static files over HTTP"),
    "tcp": Template("a server of plain asyncio"),
    "wsgi": Template("a WSGI application"),
}


def plan(directory: Path, template: str) -> tuple[Action, ...]:
    """`plan(directory, template)` is the files of a new project.

    Raises `UserError` if the directory is there and not empty, and `UsageError` for a name that
    cannot be a program's.
    """
    name = directory.name
    if (
        not name
        or not name.isascii()
        or not name[0].isalpha()
        or not all(c.isalnum() or c in "-_" for c in name)
    ):
        raise UsageError(
            f"`{name or directory}` cannot be the name of a program",
            "NAME",
            "use letters, digits, `-` and `_`, beginning with a letter",
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError(
            f"`{directory}` is there already, and is not empty",
            str(directory),
            "choose another name, or take it away",
        )
    source = resources.files("fata") / "templates" / template
    actions: list[Action] = []
    for item in sorted(source.iterdir(), key=lambda item: item.name):
        content = item.read_bytes().replace(b"@NAME@", name.encode())
        actions.append(WriteFile(directory / _target(item.name), content))
    return tuple(actions)


def _target(name: str) -> str:
    """Where a template's file goes: `site--index.html` is `site/index.html`."""
    plain = name.removesuffix(".template")
    return ".gitignore" if plain == "gitignore" else plain.replace("--", "/")

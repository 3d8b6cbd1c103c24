"""Reads `fata.toml`."""

from __future__ import annotations

from pathlib import Path

from fata.settings.commandline import parse_command
from fata.settings.document import LIMIT_BYTES, document
from fata.settings.environments import environments_of
from fata.settings.lines import line_holding, line_of
from fata.settings.model import Pipeline, Settings
from fata.settings.names import parse_name, parse_target
from fata.settings.table import Table
from functoria.error import Position, UserError
from functoria.position import from_here

FILE_NAME = "fata.toml"
_PIPELINE = ("setup", "test", "targets", "reproducible")


def load(directory: Path) -> Settings:
    """`load(directory)` is what `fata.toml` there says; all defaults if there is none.

    Raises `UserError` that names the line.
    """
    path = directory / FILE_NAME
    shown = from_here(path)
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except FileNotFoundError:
        return Settings(file=shown)
    except OSError as error:
        raise UserError(
            f"`{shown}` cannot be read: {error.strerror}", shown, "make it a file you can read"
        ) from None
    return parse(content, shown)


def parse(content: bytes, file: str = FILE_NAME) -> Settings:
    """`parse(content, file)` is what the bytes of the file say. Raises `UserError`."""
    return _settings(document(content, file))


def position(directory: Path, path: tuple[str, ...], part: str = "") -> Position:
    """`position(directory, ("environments", "production", "ports"), "80:80")` is where it says so.

    That is the line of the key, or from there on the first that has the text of the `part`.
    """
    file = directory / FILE_NAME
    text = file.read_text(encoding="utf-8")
    return Position(from_here(file), line_holding(text, line_of(text, path), part))


def _settings(table: Table) -> Settings:
    table.only(("app", "pipeline", "environments"))
    return Settings(
        app=table.text_of("app", None, parse_name),
        pipeline=_pipeline(table.table("pipeline")),
        environments=environments_of(table.table("environments")),
        file=table.file,
    )


def _pipeline(table: Table) -> Pipeline:
    table.only(_PIPELINE)
    targets = table.items("targets", parse_target) if "targets" in table.data else None
    if targets is not None and (not targets or len(set(targets)) < len(targets)):
        raise table.refused("targets", "`targets` names each target once", "write one or more")
    return Pipeline(
        setup=table.items("setup", parse_command),
        test=table.items("test", parse_command),
        targets=targets,
        reproducible=table.boolean("reproducible", True),
    )

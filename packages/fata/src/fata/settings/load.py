"""Reads `fata.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from fata.settings.commandline import parse_command
from fata.settings.environments import environments_of
from fata.settings.lines import line_of_error
from fata.settings.model import Pipeline, Settings
from fata.settings.names import parse_name, parse_target
from fata.settings.table import Table
from functoria.error import Position, UserError
from functoria.position import from_here

FILE_NAME = "fata.toml"
LIMIT_BYTES = 100_000
"""No file is longer; it is read by machines that have not written it."""

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
    if len(content) > LIMIT_BYTES:
        raise UserError(
            f"`{file}` is longer than {LIMIT_BYTES} bytes", file, "keep what belongs there in it"
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"`{file}` is not text in UTF-8", Position(file, line), "save it as UTF-8"
        ) from None
    text = text.replace("\r\n", "\n")
    return _settings(Table(file, text, (), _toml(text, file)))


def _toml(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UserError(f"`{file}` is nested too deeply", file, "write it flatter") from None
    except ValueError as error:
        what = str(error).partition(" (at ")[0]
        raise UserError(
            f"this is not TOML: {what[:200]}",
            Position(file, line_of_error(text, error)),
            "see toml.io for how to write it; text stands in quotation marks",
        ) from None


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

"""A TOML document from outside, as a table that says where each thing is written."""

from __future__ import annotations

import tomllib

from fata.settings.lines import line_of_error
from fata.settings.table import Table
from functoria.error import Position, UserError

LIMIT_BYTES = 100_000
"""No file is longer; it is read by machines that have not written it."""


def document(content: bytes, file: str) -> Table:
    """`document(content, file)` is the uppermost table. Raises `UserError` that names the line."""
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
    return Table(file, text, (), _toml(text, file))


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

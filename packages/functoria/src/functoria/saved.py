"""The saved context: what the last `configure` was told, kept in a file that people can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functoria.action import WriteFile, marked
from functoria.context import DEFAULT, Context, Source
from functoria.error import UserError
from functoria.key import Key, Stage
from functoria.position import from_here
from functoria.regular import read_regular

if TYPE_CHECKING:
    from functoria.tool import Tool

SCHEMA = 2
"""The version of the file; a reader refuses what it does not know."""

ORIGIN = "saved context"
FILE = "context.json"
MAXIMUM_BYTES = 1 << 20


def saved_file(tool: Tool, directory: Path) -> Path:
    """`saved_file(tool, directory)` is where the keys of the last `configure` are kept."""
    return directory / tool.generated / FILE


def write_saved(
    tool: Tool, directory: Path, keys: Iterable[Key[Any]], context: Context
) -> WriteFile:
    """`write_saved(...)` is the action that keeps what was said of the keys."""
    told: dict[str, object] = {}
    for key in sorted(keys, key=lambda key: key.option):
        if key.stage is Stage.CONFIGURE and context.origin(key) != DEFAULT:
            texts = key.show(context.get(key))
            told[key.option] = list(texts) if key.repeated else texts[0]
    data = {"about": tool.head("What `configure` was told"), "schema": SCHEMA, "keys": told}
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return WriteFile(saved_file(tool, directory), text.encode(), tool.mark)


def read_saved(tool: Tool, directory: Path) -> Source:
    """`read_saved(tool, directory)` is what the last `configure` was told; of nothing if none was.

    Raises `UserError` for a file that cannot be read, or is of another version of the tool.
    """
    path = saved_file(tool, directory)
    place = from_here(path)
    remedy = f"run `{tool.name} configure` again with the keys that you want"
    if not marked(path, tool.mark):
        remedy = f"remove the file, then {remedy}"
    try:
        content = read_regular(path, MAXIMUM_BYTES + 1)
        if len(content) > MAXIMUM_BYTES:
            raise ValueError("it is too large")
        data = json.loads(content)
    except FileNotFoundError:
        return Source(ORIGIN, {}, kept=True, place=place, remedy=remedy)
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the saved keys cannot be read: {error}", place, remedy) from None
    texts = _texts(data)
    if texts is None:
        raise UserError(f"the saved keys are not of this version of {tool.name}", place, remedy)
    return Source(ORIGIN, texts, kept=True, place=place, remedy=remedy)


def _texts(data: object) -> Mapping[str, str | tuple[str, ...]] | None:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return None
    keys = data.get("keys")
    if not isinstance(keys, dict):
        return None
    found: dict[str, str | tuple[str, ...]] = {}
    for name, said in keys.items():
        if isinstance(said, str):
            found[name] = said
        elif isinstance(said, list) and said and all(isinstance(text, str) for text in said):
            found[name] = tuple(said)
        else:
            return None
    return found

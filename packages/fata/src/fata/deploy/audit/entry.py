"""One request, as it is written down: a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

_WRITTEN = frozenset(
    {
        *("action", "app", "apps", "bridges", "by", "commit", "cpus", "digest", "disk", "dry_run"),
        *("environment", "environments", "force", "generation", "guests", "keys", "may"),
        *("memory", "name", "ports", "ref", "seconds", "signers", "target", "wait"),
    }
)
"""What is written of requests. A secret's value, an argument or a body is under no such name."""

T = TypeVar("T")
_LONGEST, _MOST = 200, 32


class Result(StrEnum):
    """What became of a request. One that stays `BEGUN` was cut off, or is at work."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """`Entry(who, verb, ...)` is a request: `who` asked for `verb`, from the `address`.

    Of `request` only what `written` lets through is kept. `why` is what a failure or a refusal
    said. The log gives `number`, from 1, and `when`, in seconds of the epoch.
    """

    who: str
    verb: str
    app: str | None = None
    environment: str | None = None
    generation: int | None = None
    digest: str | None = None
    result: Result = Result.DONE
    why: str = ""
    address: str | None = None
    request: Mapping[str, object] = field(default_factory=dict)
    number: int = 0
    when: float = 0.0


def written(request: Mapping[str, object]) -> dict[str, object]:
    """`written(request)` is what may be written down of a request: known names, plain values."""
    found = {name: _plain(request[name]) for name in sorted(_WRITTEN & set(request))}
    return {name: value for name, value in found.items() if value is not None}


def encode(entry: Entry, before: str, of: int | None = None, *, opens: bool = False) -> bytes:
    """`encode(entry, before)` is the line of the log, all of it printable ASCII.

    `before` is the digest of what precedes it, `of` the number of the request that it is the end
    of. With `opens` it is the first of its file.
    """
    at = datetime.fromtimestamp(entry.when, UTC).isoformat(timespec="milliseconds")
    said: dict[str, object] = {
        "number": entry.number,
        "time": at,
        "who": _text(entry.who),
        "address": _text(entry.address),
        "verb": _text(entry.verb),
        "app": _text(entry.app),
        "environment": _text(entry.environment),
        "generation": entry.generation,
        "digest": _text(entry.digest),
        "result": entry.result.value,
        "why": _text(entry.why) or None,
        "request": written(entry.request) or None,
        "of": of,
        "opens": opens or None,
        "before": before,
    }
    kept = {name: value for name, value in said.items() if value is not None}
    return json.dumps(kept, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Line:
    """`Line(entry, before, of, opens)` is a line of the log, as `encode` made it."""

    entry: Entry
    before: str
    of: int | None
    opens: bool


def decode(line: bytes) -> Line | None:
    """`decode(line)` is what a line says, `None` where it is no line of a log."""
    try:
        said = json.loads(line)
        if not isinstance(said, dict):
            return None
        request = said.get("request", {})
        entry = Entry(
            who=_known(said, "who"),
            verb=_known(said, "verb"),
            app=_optional(said, "app", str),
            environment=_optional(said, "environment", str),
            generation=_optional(said, "generation", int),
            digest=_optional(said, "digest", str),
            result=Result(said["result"]),
            why=_optional(said, "why", str) or "",
            address=_optional(said, "address", str),
            request=written(request) if isinstance(request, dict) else {},
            number=int(said["number"]),
            when=datetime.fromisoformat(_known(said, "time")).timestamp(),
        )
        return Line(entry, _known(said, "before"), _optional(said, "of", int), "opens" in said)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _known(said: Mapping[str, object], name: str) -> str:
    value = said[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _optional(said: Mapping[str, object], name: str, kind: type[T]) -> T | None:
    value = said.get(name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(name)
    return value


def _plain(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_text(item) for item in value[:_MOST] if isinstance(item, str)]
    return _text(value) if isinstance(value, str) else None


def _text(text: str | None) -> str | None:
    if text is None:
        return None
    plain = "".join(char if char.isprintable() else "?" for char in text[: _LONGEST + 1])
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"

"""What agent and client tell each other: a line of JSON each, on the pipes that ssh makes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from functoria.error import UsageError, UserError

PROTOCOL = 1
"""The version of requests and answers."""

CHANGING = frozenset({"deploy", "rollback", "restart", "stop", "remove"})
"""The requests that change what runs: the host goes on with one whose client has gone."""

MAXIMUM_REQUEST = 4 << 20
"""Bytes."""


def read_request(stdin: BinaryIO) -> Mapping[str, object]:
    """`read_request(stdin)` is the request; an empty one where nothing is said.

    Raises `UserError`, whose text never quotes the request: there may be secrets in it.
    """
    data = stdin.read(MAXIMUM_REQUEST + 1)
    if not data.strip():
        return {}
    try:
        if len(data) > MAXIMUM_REQUEST:
            raise ValueError("too long")
        return msgspec.json.decode(data, type=dict[str, object])
    except (ValueError, RecursionError):
        raise not_understood() from None


def not_understood() -> UserError:
    """`not_understood()` is the error for a request that is none."""
    return UserError(
        "the request cannot be understood",
        "fata agent",
        "see that client and host have one version of fata, then run the command again",
    )


class Speaker:
    """`Speaker(stdout)` says lines. One who has gone away hears nothing, and that is no failure."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout

    def say(self, text: str) -> None:
        """How the work goes on."""
        self._line({"say": text})

    def answer(self, answer: Mapping[str, object]) -> None:
        """The answer, which is the last line."""
        self._line({"answer": answer})

    def error(self, error: UserError) -> None:
        """What went wrong, which is the last line."""
        where = None if error.where is None else str(error.where)
        usage = isinstance(error, UsageError)
        self._line({"error": {"what": error.what, "where": where, "do": error.do, "usage": usage}})

    def is_heard(self) -> bool:
        """Whether somebody still listens."""
        try:
            self._stdout.write(b"\n")
            self._stdout.flush()
        except OSError:
            return False
        return True

    def _line(self, value: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):
            self._stdout.write(msgspec.json.encode(value) + b"\n")
            self._stdout.flush()


class Listener:
    """`Listener(say)` takes what an agent says, line by line.

    `answer` is its answer once it came, and `error` what went wrong there.
    """

    def __init__(self) -> None:
        self.answer: Mapping[str, object] | None = None
        self.error: UserError | None = None

    def hear(self, line: str) -> str | None:
        """`hear(line)` is what to show the user of that line, if anything."""
        try:
            found = msgspec.json.decode(line, type=dict[str, object])
        except (ValueError, RecursionError):
            return None
        answer, error, text = found.get("answer"), found.get("error"), found.get("say")
        if isinstance(answer, dict):
            self.answer = answer
        if isinstance(error, dict):
            self.error = _error(error)
        return plain(text) if isinstance(text, str) else None


def plain(text: str) -> str:
    """`plain(text)` is text of a host's that does nothing to a terminal."""
    return "".join(char for char in text if char.isprintable() or char == "\t")


def _error(found: Mapping[str, object]) -> UserError:
    where = found.get("where")
    kind = UsageError if found.get("usage") is True else UserError
    return kind(
        plain(str(found.get("what", "the host says that something is wrong"))),
        plain(where) if isinstance(where, str) else None,
        plain(str(found.get("do", "run the command again"))),
    )

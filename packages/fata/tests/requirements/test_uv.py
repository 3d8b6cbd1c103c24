"""uv's failures in the words of an error that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.requirements import Requirement
from fata.requirements.uv import explain
from functoria.error import Position

HERE = (
    Requirement("msgspec==99", Position("config.py", 3)),
    Requirement("Starlette>=1", Position("config.py", 4)),
)


@pytest.mark.parametrize(
    ("stderr", "what", "line", "advice"),
    [
        (
            "error: No solution found when resolving dependencies\n  cause: Because there is no "
            "version of msgspec==99 and you require msgspec==99, we can conclude that your "
            "requirements are unsatisfiable.",
            "the requirements cannot be met: there is no version of msgspec==99 "
            "and you require msgspec==99",
            3,
            "loosen",
        ),
        (
            "  x No solution found when resolving dependencies:\n  ╰─▶ Because starlette was not "
            "found in the package registry and you require starlette>=1, we can conclude",
            "the package index has no package called `starlette`",
            4,
            "spelling",
        ),
        (
            "error: Request failed after 3 retries in 4.9s\n  cause: Failed to fetch: starlette\n"
            "  cause: client error (Connect)\n  cause: tcp connect error\n",
            "the package index cannot be reached: Request failed after 3 retries in 4.9s; Failed "
            "to fetch: starlette; client error (Connect); tcp connect error",
            4,
            "network",
        ),
        ("", "the requirements cannot be installed: uv gave no reason", 3, "remove"),
        (
            "error: " + "x" * 999,
            "the requirements cannot be installed: " + "x" * 297 + "...",
            3,
            "",
        ),
    ],
)
def test_reasons(stderr: str, what: str, line: int, advice: str) -> None:
    error = explain(stderr, HERE, Path("fata.lock"))
    assert error.what == what
    assert error.where == Position("config.py", line)
    assert advice in error.do


def test_another_hash_is_said_of_the_lock() -> None:
    stderr = "  x Failed to download `msgspec==1`\n  ╰─▶ Hash mismatch for `msgspec==1`\n"
    error = explain(stderr, HERE, Path("fata.lock"))
    assert error.where == "fata.lock"
    assert "delete `fata.lock`" in error.do

"""What is asked of the interpreter that is packed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fata.closure import Interpreter, interpreter
from functoria.error import UserError


def test_it_is_the_one_outside_of_the_virtual_environment(python: Interpreter) -> None:
    assert interpreter(Path(sys.executable)) == python
    assert python.executable.resolve() == python.executable
    assert (python.stdlib / "os.py").is_file()
    assert "encodings.utf_8" in python.boot
    assert python.short_version == f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "there is no Python interpreter at"),
        ("#!/bin/sh\necho hello\n", "is not CPython 3.11 or newer"),
        ("#!/bin/sh\nexit 1\n", "is not CPython 3.11 or newer"),
        ("\x7fELF nonsense", "cannot be run"),
    ],
)
def test_what_is_no_interpreter(tmp_path: Path, text: str | None, complaint: str) -> None:
    path = tmp_path / "python"
    if text is not None:
        path.write_text(text)
        path.chmod(0o755)
    with pytest.raises(UserError, match=complaint):
        interpreter(path)

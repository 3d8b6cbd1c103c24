"""What a module imports, by its text."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.closure.reader.scan import absolute, scan

NAMES = {1: "lazy", 2: "optional", 4: "literal", 8: "fallback", 16: "else", 32: "script"}


def imports(text: str, package: str = "pkg", *, main: bool = False) -> list[str]:
    found = []
    for entry in scan(text, ast.parse(text), package, main=main).imports:
        name = f"{entry.module}:{entry.name}" if entry.name else entry.module
        flags = [word for bit, word in NAMES.items() if entry.flags & bit]
        found.append(" ".join([name, *flags]))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a, b.c as d", ["a", "b.c"]),
        ("from a import b, c", ["a:b", "a:c"]),
        ("from . import x", ["pkg:x"]),
        ("from .y import z", ["pkg.y:z"]),
        ("def f():\n import a", ["a lazy"]),
        ("async def f():\n import a", ["a lazy"]),
        ("def main():\n import argparse", ["argparse lazy script"]),
        ("class C:\n import a", ["a"]),
        ("with open('x'):\n import a", ["a"]),
        ("from contextlib import suppress\nwith suppress(ImportError):\n import a",
         ["contextlib:suppress", "a optional"]),
        ("try:\n import a\nexcept ImportError:\n import b\nelse:\n import c",
         ["a optional", "b fallback", "c else"]),
        ("try:\n import a\nexcept (OSError, ModuleNotFoundError):\n pass", ["a optional"]),
        ("try:\n import a\nexcept OSError:\n import b", ["a", "b"]),
        ("try:\n import a\nfinally:\n import b", ["a", "b"]),
        ("try:\n import a\nexcept ImportError as e:\n raise RuntimeError('install a') from e",
         ["a"]),
        ("def f():\n try:\n  import a\n except ImportError:\n  pass", ["a lazy optional"]),
        ("import importlib\nx = importlib.import_module('a.b')", ["importlib", "a.b literal"]),
        ("def f():\n return __import__('a')", ["a lazy literal"]),
        ("import importlib\nimportlib.import_module('.x', __package__)",
         ["importlib", "pkg.x literal"]),
        ("import importlib\nimportlib.import_module(f'a.{name}')", ["importlib"]),
        ("match x:\n case 1:\n  import a", ["a"]),
    ],
)  # fmt: skip
def test_each_way_to_import(text: str, expected: list[str]) -> None:
    assert imports(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import a\nelse:\n import b",
         ["typing:TYPE_CHECKING", "b"]),
        ("import typing as t\nif not t.TYPE_CHECKING:\n import a", ["typing", "a"]),
        ("import sys\nif sys.platform == 'win32':\n import a\nelse:\n import b", ["sys", "b"]),
        ("import sys\nif sys.platform.startswith('linux'):\n import a", ["sys", "a"]),
        ("import os\nif os.name == 'nt' or False:\n import a", ["os"]),
        ("import sys\nif sys.version_info >= (3, 8):\n import a\nelse:\n import b", ["sys", "a"]),
        ("import sys\nif sys.version_info[0] == 2:\n import a", ["sys"]),
        ("import sys\nif sys.version_info[0] > 2 and unknown():\n import a\nelse:\n import b",
         ["sys", "a", "b"]),
        ("if unknown:\n import a\nelse:\n import b", ["a", "b"]),
        ("if __name__ == '__main__':\n import a", []),
    ],
)  # fmt: skip
def test_branches_that_the_guest_never_takes_are_not_read(text: str, expected: list[str]) -> None:
    assert imports(text) == expected


def test_the_program_itself_runs_as_main() -> None:
    assert imports("if __name__ == '__main__':\n import a", main=True) == ["a"]


def test_codecs_named_by_literals() -> None:
    text = "b''.decode('cp437'); open('f', encoding = 'utf-16'); x.encode(name)"
    assert scan(text, ast.parse(text), "", main=False).codecs == ["cp437", "utf-16"]


@pytest.mark.parametrize(
    ("package", "module", "level", "expected"),
    [("a.b", "c", 1, "a.b.c"), ("a.b", "c", 2, "a.c"), ("a", "", 1, "a"), ("a", "c", 2, ""),
     ("", "c", 1, ""), ("a", "c", 0, "c")],
)  # fmt: skip
def test_relative_names(package: str, module: str, level: int, expected: str) -> None:
    assert absolute(package, module, level) == expected


@given(st.from_regex(r"(if|try|def f\(\)|import|from|except|else|[a-z .:\n()])*", fullmatch=True))
def test_whatever_parses_can_be_scanned(text: str) -> None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    scan(text, tree, "pkg", main=False)

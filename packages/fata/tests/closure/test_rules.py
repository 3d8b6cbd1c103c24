"""The rules are well-formed, and each file says why it is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fata.closure.rules import RULES, any_matches, matches, rules

KNOWN = {"exclude", "keep_source", "metadata", "distributions"} | {
    "implies", "weak", "uses", "data", "data_exclude", "libraries", "advice",
}  # fmt: skip
NAME = re.compile(r"[\w{}]+(\.[\w{}-]+)*(\.\*)?")


@pytest.mark.parametrize("path", sorted(RULES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_rule_file_begins_with_its_reason(path: Path) -> None:
    assert path.read_text().startswith("# ")
    assert set(tomllib.loads(path.read_text())) <= KNOWN


def test_names_are_dotted_names() -> None:
    known = rules()
    names = {*known.exclude, *known.keep_source, *known.metadata}
    for table in (known.implies, known.weak, known.uses):
        names |= {*table, *(name for targets in table.values() for name in targets)}
    assert [name for name in sorted(names) if not NAME.fullmatch(name)] == []


def test_patterns() -> None:
    assert matches("a.b", "a.b")
    assert not matches("a.b", "a.b.c")
    assert matches("a.*", "a")
    assert matches("a.*", "a.b.c")
    assert not matches("a.*", "ab")
    assert any_matches(("x", "a.*"), "a.b")

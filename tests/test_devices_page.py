"""The page on devices names every device, and its examples are configurations."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import fata.dsl
from fata.project import load
from functoria import Impl
from tests.conftest import EXAMPLES, ROOT

TEXT = (ROOT / "docs" / "devices.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

# What config.py may say besides devices and jobs.
LANGUAGE = {"argument", "by_target", "choice", "if_impl", "key", "match_impl", "register"}


FUNCTIONS = {
    name
    for name in fata.dsl.__all__
    if inspect.isfunction(value := getattr(fata.dsl, name))
    and inspect.signature(value).return_annotation in {"Impl", Impl}
} - LANGUAGE


def test_every_device_has_a_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE))
    parts = {"directory_kv_ro", "packed_kv_ro"}  # of which kv_ro is made
    assert FUNCTIONS - parts == rows


def test_every_device_is_in_an_example() -> None:
    text = "".join(path.read_text() for path in EXAMPLES.glob("*/config.py"))
    used = {name for name in FUNCTIONS if re.search(rf"\b{name}\(", text)}
    assert FUNCTIONS - used == {"packed_kv_ro"}  # which kv_ro is in a VM


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_its_examples_are_configurations(tmp_path: Path, number: int) -> None:
    (tmp_path / "config.py").write_text(BLOCKS[number])
    for target in ("unix", "virtio"):
        assert load(tmp_path / "config.py", {"target": target}, {}).graph.nodes


def test_the_classes_are_where_it_says() -> None:
    found = re.findall(r"`([a-z_.]+):([A-Z]\w+)`", TEXT)
    assert found
    for module, name in found:
        assert hasattr(importlib.import_module(f"libos.{module}"), name)

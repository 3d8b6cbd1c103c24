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
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "devices.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

# What config.py may say besides devices and jobs.
LANGUAGE = {"argument", "by_target", "choice", "if_impl", "key", "match_impl", "register"}


def test_every_device_has_a_row() -> None:
    functions = {
        name
        for name in fata.dsl.__all__
        if inspect.isfunction(value := getattr(fata.dsl, name))
        and inspect.signature(value).return_annotation in {"Impl", Impl}
    }
    rows = set(re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE))
    parts = {"directory_kv_ro", "packed_kv_ro"}  # of which kv_ro is made
    assert functions - LANGUAGE - parts - rows == set()
    assert rows <= functions


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

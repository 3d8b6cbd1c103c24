"""What tests share: the corpus, and the real xl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .oracle.parser import Parser, parser

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.xl"))


@pytest.fixture(scope="session")
def xlu() -> Iterator[Parser]:
    """The parser of the real xl, in a process of its own."""
    with parser() as made:
        yield made

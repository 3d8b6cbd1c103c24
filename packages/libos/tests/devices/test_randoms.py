"""Random bytes: the kernel's, and those that follow from a seed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.random import SystemRandom
from libos.seeded_random import SeededRandom

from .random_conformance import RandomConformance


class TestSystemRandom(RandomConformance):
    @pytest.fixture
    def random(self) -> SystemRandom:
        return SystemRandom()


class TestSeededRandom(RandomConformance):
    @pytest.fixture
    def random(self) -> SeededRandom:
        return SeededRandom("a seed")


def test_the_bytes_of_a_seed_are_the_same_for_ever() -> None:
    assert SeededRandom(1).generate(8).hex() == "f534527e68800a14"
    assert SeededRandom("one").generate(8) != SeededRandom("two").generate(8)


@given(st.lists(st.integers(0, 100), max_size=10))
def test_how_draws_are_cut_does_not_matter(counts: list[int]) -> None:
    pieces = SeededRandom(7)
    whole = SeededRandom(7).generate(sum(counts))
    assert b"".join(pieces.generate(count) for count in counts) == whole


def test_it_says_that_it_is_not_for_keys(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(SeededRandom("a seed").start())
    assert "follow from the seed 'a seed': keys made of them are no secret" in caplog.text

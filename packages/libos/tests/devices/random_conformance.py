"""What every source of random bytes must do: subclass `RandomConformance` and give it one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from libos.signatures.random import Random


class RandomConformance:
    """A subclass defines the fixture `random`."""

    @pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 256, 257, 1 << 20])
    def test_as_many_bytes_as_are_asked_for(self, random: Random, count: int) -> None:
        drawn = random.generate(count)
        assert type(drawn) is bytes
        assert len(drawn) == count

    def test_a_draw_is_never_the_last_one_again(self, random: Random) -> None:
        assert len({random.generate(16) for _ in range(1000)}) == 1000

    def test_all_bytes_are_equally_likely(self, random: Random) -> None:
        drawn = random.generate(256 * 1000)
        expected, deviation = 1000, 1000**0.5
        for value in range(256):
            assert abs(drawn.count(value) - expected) < 8 * deviation

    def test_less_than_nothing_cannot_be_drawn(self, random: Random) -> None:
        with pytest.raises(ValueError, match=r"negative|-1"):
            random.generate(-1)

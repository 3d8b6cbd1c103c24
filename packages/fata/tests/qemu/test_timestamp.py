"""The rate of the time stamp counter, against the kernel's own idea of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.qemu.timestamp import tsc_khz


def test_it_measures_the_same_rate_again() -> None:
    first, second = tsc_khz(), tsc_khz()
    if first is None or second is None:
        pytest.skip("this machine has no time stamp counter of constant rate")
    assert 100_000 < first < 20_000_000
    assert abs(first - second) < first / 1000


@pytest.mark.parametrize("cpuinfo", ["", "flags\t\t: fpu tsc msr\n"])
def test_a_counter_of_changing_rate_is_left_alone(tmp_path: Path, cpuinfo: str) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert tsc_khz(tmp_path / "cpuinfo") is None
    assert tsc_khz(tmp_path / "missing") is None

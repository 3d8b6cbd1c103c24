"""The benchmark: what it counts and looks for, and a short run of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from fata.image.compression import Compression, compress
from fata.image.cpio import Entry, archive

BENCH = Path(__file__).resolve().parent.parent / "bench"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.mark.parametrize("needed", [16, 17, 64, 99, 255, 256])
def test_the_memory_needed_is_found_by_bisection(needed: int) -> None:
    from memory import smallest

    asked: list[int] = []

    def serves(memory: int) -> bool:
        asked.append(memory)
        return memory >= needed

    assert smallest(serves, 256) == needed
    assert len(asked) <= 11


def test_memory_that_suffices_only_now_and_then_is_too_little() -> None:
    from memory import smallest

    answers = {60: [True, False]}

    def serves(memory: int) -> bool:
        return answers.get(memory, [memory > 60]).pop(0) if memory == 60 else memory > 60

    assert smallest(serves, 256) == 61


def test_what_takes_minutes_to_ask_is_looked_for_in_larger_steps() -> None:
    from memory import smallest

    asked: list[int] = []

    def serves(steps: int) -> bool:
        asked.append(steps)
        return 8 * steps >= 100

    assert smallest(serves, 32, 4) * 8 == 104
    assert min(asked) >= 4


def test_an_initramfs_of_several_archives_is_counted_as_the_kernel_unpacks_it() -> None:
    from newc import contents

    first = archive([Entry("bin/a", content=b"1" * 1000), Entry("etc/b", content=b"2")])
    second = archive([Entry("etc/b", content=b"3"), Entry("srv/c", content=b"4")])
    whole = first + bytes(512) + compress(second, Compression.ZSTD)
    found = contents(whole)
    assert found.files == 3
    assert 0 <= len(first) + len(second) - found.size < 512


def test_what_is_no_initramfs_is_refused() -> None:
    from newc import contents

    with pytest.raises(ValueError, match="does not begin with"):
        contents(b"\x1f\x8bgzip")


def test_the_graphs_have_as_many_devices_as_they_say() -> None:
    from graphs import measure

    times = measure(300, 2)
    assert times.devices == 300
    assert times.devices_per_second > 0
    assert len(times.resolve.values) == 2


def test_a_median_and_a_minimum_come_with_the_values() -> None:
    from results import samples

    found = samples([3.04, 1.0, 2.0, 9.0, 4.0])
    assert (found.median, found.minimum) == (3.0, 1.0)
    assert found.values == (3.0, 1.0, 2.0, 9.0, 4.0)


@pytest.mark.e2e
def test_a_short_run_writes_results_that_can_be_read_back(tmp_path: Path) -> None:
    from results import SCHEMA, Results

    output = tmp_path / "results.json"
    done = subprocess.run(  # noqa: PLW1510 - the test looks at the code
        [sys.executable, BENCH / "bench.py", "--quick", "--only", "engine", "--output", output],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    results = msgspec.json.decode(output.read_bytes(), type=Results)
    assert results.schema == SCHEMA
    assert results.starts is None
    assert results.engine is not None
    assert [graph.devices for graph in results.engine.graphs] == [1_000, 10_000, 100_000]
    assert results.engine.describe.ratio > 1
    assert "| `fata describe`" in done.stdout
    assert "bench: a graph of 1000 devices" in done.stderr


@pytest.mark.e2e
def test_one_section_alone_and_what_it_costs_to_read_a_configuration(tmp_path: Path) -> None:
    from results import Results

    output = tmp_path / "results.json"
    done = subprocess.run(  # noqa: PLW1510 - the test looks at the code
        [sys.executable, BENCH / "bench.py", "--quick", "--only", "xlcfg", "--output", output],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    results = msgspec.json.decode(output.read_bytes(), type=Results)
    assert (results.starts, results.engine, results.xen) == (None, None, None)
    found = results.configurations
    assert found is not None
    assert found.parse.median > 0.1
    assert found.read.median < found.command.median
    assert "| `xl -N create -n`" in done.stdout


def test_guests_of_xen_are_shown_beside_the_one_with_systemd() -> None:
    from results import LabTimes, Xen, XenStart, samples
    from table import xen_lines

    start = XenStart(
        name="tiny-pvh",
        kernel="tiny 6.12",
        type="pvh",
        bytes=9_000_000,
        size_ratio=0.1,
        http=samples([6.0, 5.0, 7.0]),
        http_ratio=0.25,
        timed_memory=256,
        memory=None,
    )
    lab = LabTimes(samples([20.0]), samples([3.0]), 0.15, 90_000_000)
    text = "\n".join(xen_lines(Xen(lab, (start,))))
    assert "| tiny-pvh" in text
    assert "6.00 (min 5.00)" in text
    assert "not measured" in text
    assert "| from a saved state, 90.0 MB |" in text

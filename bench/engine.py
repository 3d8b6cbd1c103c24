"""What the tool itself takes: its engine, its answers, its builds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import graphs
from commands import run
from results import BuildTimes, DescribeTimes, Engine, ratio, samples

import fata
import functoria
import libos
import xlcfg
from fata.cache import cache_directory

Report = Callable[[str], None]

SIZES = (1_000, 10_000, 100_000)
_FATA = str(Path(sys.executable).parent / "fata")
_CLOSURE = str(Path(__file__).resolve().parent / "closure_once.py")
_DOWNLOADED = ("kernels", "environments")
"""What a build fetches rather than computes; it stays there when the cache is emptied."""


def engine(website: Path, scratch: Path, *, quick: bool, report: Report) -> Engine:
    """`engine(website, scratch, ...)` is the figures of the tool.

    `website` is a copy of the example, which is written to. Raises `UserError` if a command
    fails.
    """
    times = []
    for count in SIZES:
        report(f"a graph of {count} devices")
        times.append(graphs.measure(count, 1 if quick else 5))
    run([sys.executable, "-m", "compileall", "-q", *_sources()], scratch)
    run([_FATA, "configure", "-t", "virtio", "--kernel", "debian"], website)
    report("fata describe, beside python doing nothing")
    described = _describe(website, 3 if quick else 15)
    report("builds with nothing cached, and again with nothing changed")
    return Engine(tuple(times), described, _build(website, scratch, 1 if quick else 5))


def _sources() -> tuple[str, ...]:
    """Our packages, which an edit may have left without valid bytecode."""
    packages = (fata, functoria, libos, xlcfg)
    return tuple(path for package in packages for path in package.__path__)


def _describe(website: Path, repeats: int) -> DescribeTimes:
    python = sys.executable
    commands = (
        [_FATA, "describe"],
        [python, "-c", "pass"],
        [python, "-I", "-S", "-c", "pass"],
    )
    for command in commands:
        run(command, website)  # what is compiled once is no part of a start
    rows = [[run(command, website) * 1000 for command in commands] for _ in range(repeats)]
    describe, plain, isolated = (samples(column) for column in zip(*rows, strict=True))
    return DescribeTimes(
        describe,
        plain,
        isolated,
        ratio(describe.median, plain.median),
        ratio(describe.median, isolated.median),
    )


def _build(website: Path, scratch: Path, repeats: int) -> BuildTimes:
    closure = [sys.executable, _CLOSURE, str(website)]
    build = [_FATA, "build"]
    run(build, website)  # fetches what is downloaded
    rows = []
    for number in range(repeats):
        cache = scratch / f"cache-{number}"
        row = []
        for command in (closure, build):
            _empty(cache)
            row += [_seconds(command, website, cache) for _ in ("cold", "warm")]
        rows.append(row)
        shutil.rmtree(cache)
    columns = [samples(column, 3) for column in zip(*rows, strict=True)]
    return BuildTimes(*columns)


def _empty(cache: Path) -> None:
    """Make `cache` a user's cache with nothing in it but what is downloaded."""
    if cache.exists():
        shutil.rmtree(cache)
    (cache / "fata").mkdir(parents=True)
    for name in _DOWNLOADED:
        (cache / "fata" / name).symlink_to(cache_directory() / name)


def _seconds(command: Sequence[str], directory: Path, cache: Path) -> float:
    """The seconds that a command took, or says that its work took."""
    out = directory.parent / "seconds"
    taken = run(command, directory, XDG_CACHE_HOME=str(cache), BENCH_SECONDS=str(out))
    if not out.exists():
        return taken
    said = float(json.loads(out.read_text()))
    out.unlink()
    return said

"""What a run of the benchmark found: the contents of `bench/results.json`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from functoria.action import write_file

SCHEMA = 1
"""The version of the format; raised when a reader of the old one would misread the new one."""


@dataclass(frozen=True, slots=True)
class Samples:
    """`Samples(values, median, minimum)` is what repetitions of one measurement gave, in order."""

    values: tuple[float, ...]
    median: float
    minimum: float


def samples(values: Sequence[float], digits: int = 1) -> Samples:
    """`samples(values)` is the repetitions with their median and minimum, rounded.

    Raises `ValueError` for no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    return Samples(
        tuple(round(value, digits) for value in values),
        round(statistics.median(values), digits),
        round(min(values), digits),
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran: processors, what executed the guests' instructions, versions, and the load.

    `load` is the average number of runnable tasks over a minute, before and after the run.
    """

    cpus: int
    accelerator: str
    qemu: str
    python: str
    load: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ratios:
    """A variant's figures as fractions of the baseline's, by median where there are repetitions."""

    size: float
    first_line: float
    http: float
    cpu: float
    memory: float | None


@dataclass(frozen=True, slots=True)
class Start:
    """One variant: its bytes, and its way from QEMU's start to an answer.

    Times are milliseconds: to the first line of Python, to HTTP 200, and of processor time that
    QEMU had used by then. `memory` is the smallest `-m` in MiB that served HTTP 200, `None` where
    it was not looked for; the times were taken with `timed_memory` MiB.
    """

    name: str
    kernel: str
    machine: str
    kernel_bytes: int
    root_bytes: int
    unpacked_bytes: int
    files: int
    timed_memory: int
    first_line: Samples
    http: Samples
    cpu: Samples
    memory: int | None
    ratios: Ratios | None = None

    @property
    def size(self) -> int:
        """The bytes of kernel and root file system together."""
        return self.kernel_bytes + self.root_bytes


@dataclass(frozen=True, slots=True)
class Aim:
    """`Aim(name, wanted, found, met)`: `found` is to be at most `wanted`."""

    name: str
    wanted: float
    found: float
    met: bool


@dataclass(frozen=True, slots=True)
class GraphTimes:
    """The configuration engine on a graph of so many devices; seconds."""

    devices: int
    construct: Samples
    resolve: Samples
    generate: Samples
    devices_per_second: int


@dataclass(frozen=True, slots=True)
class DescribeTimes:
    """`fata describe` on the website beside the interpreter doing nothing; milliseconds."""

    describe: Samples
    python: Samples
    python_isolated: Samples
    ratio: float
    ratio_isolated: float


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """Building the website with nothing cached, and again with nothing changed; seconds.

    `closure` is finding the files that the program needs, in a process of its own; `build` is
    the whole of `fata build`, with the kernel there already.
    """

    closure_cold: Samples
    closure_warm: Samples
    build_cold: Samples
    build_warm: Samples


@dataclass(frozen=True, slots=True)
class Engine:
    """What the tool itself takes."""

    graphs: tuple[GraphTimes, ...]
    describe: DescribeTimes
    build: BuildTimes


@dataclass(frozen=True, slots=True)
class XenStart:
    """One guest of Xen on a lab: its bytes, and its way from `xl create` to HTTP 200, in seconds.

    `memory` is the MiB that it needs, to 8, `None` where it was not looked for. Ratios are to the
    guest with systemd of the same type.
    """

    name: str
    kernel: str
    type: str
    bytes: int
    size_ratio: float
    http: Samples
    http_ratio: float
    timed_memory: int
    memory: int | None


@dataclass(frozen=True, slots=True)
class LabTimes:
    """Seconds until a lab answers, from nothing and from its saved state of so many bytes."""

    cold: Samples
    saved: Samples
    ratio: float
    state: int


@dataclass(frozen=True, slots=True)
class Xen:
    """What guests of Xen take, and the lab that they were on."""

    lab: LabTimes
    starts: tuple[XenStart, ...]


@dataclass(frozen=True, slots=True)
class Configurations:
    """Reading configurations of Xen's guests: megabytes a second, and milliseconds for one file.

    `read` and `check` are in a process that is there already; `command` is `xlcfg check`, and `xl`
    is `xl -N create -n`, both started for the one file.
    """

    parse: Samples
    read: Samples
    check: Samples
    command: Samples
    xl: Samples
    ratio: float


@dataclass(frozen=True, slots=True)
class Series:
    """Deployments and rollbacks one after the other, to a host that is asked all the time.

    `refused` of them were broken releases, which did not go live. `failed` requests are those
    without a whole answer of 200. `longest` is the seconds that one took at most, `deploy` those
    of `fata deploy` without a build.
    """

    deployments: int
    rollbacks: int
    refused: int
    requests: int
    failed: int
    per_second: float
    longest: float
    deploy: Samples


@dataclass(frozen=True, slots=True)
class Deploys:
    """`Deploys(quiet, whole, broken)` is series of good releases, and where every third is bad.

    `quiet` is how many requests a second the same clients have answered while nothing is deployed.
    """

    quiet: float
    whole: Series
    broken: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """`Results(...)` is one run; a section that was not asked for is `None`."""

    schema: int = SCHEMA
    quick: bool
    date: str
    machine: Machine
    starts: tuple[Start, ...] | None
    aims: tuple[Aim, ...]
    engine: Engine | None
    xen: Xen | None = None
    configurations: Configurations | None = None
    deploys: Deploys | None = None


def ratio(value: float, base: float) -> float:
    """`ratio(value, base)` is `value / base`, rounded to three digits after the point."""
    return round(value / base, 3)


def compared(start: Start, base: Start) -> Ratios:
    """`compared(start, base)` is the figures of `start` as fractions of those of `base`."""
    known = start.memory is not None and base.memory is not None
    return Ratios(
        size=ratio(start.size, base.size),
        first_line=ratio(start.first_line.median, base.first_line.median),
        http=ratio(start.http.median, base.http.median),
        cpu=ratio(start.cpu.median, base.cpu.median),
        memory=ratio(start.memory or 0, base.memory or 1) if known else None,
    )


def save(results: Results, path: Path) -> None:
    """`save(results, path)` replaces the file at `path` by these results, as JSON."""
    write_file(path, (json.dumps(asdict(results), indent=1) + "\n").encode(), 0o644)

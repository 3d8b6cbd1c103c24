"""The rate of this processor's time stamp counter, which an emulated guest sees as its own.

A guest would measure it against an emulated timer. That takes time, and on a busy machine it
fails: the guest is then left with a clock that moves in steps of 10 ms.
"""

from __future__ import annotations

import mmap
import platform
import time
from collections.abc import Callable
from pathlib import Path

_RDTSC = bytes.fromhex("0f31 48c1e220 4809d0 c3")  # rdtsc; shl $32,%rdx; or %rdx,%rax; ret
_PROTECTION = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
_SPAN = 0.01  # seconds: enough for an error of a few millionths


def tsc_khz(cpuinfo: Path = Path("/proc/cpuinfo")) -> int | None:
    """`tsc_khz()` is the rate of the time stamp counter in kHz, measured over 10 ms.

    `None` where there is none that runs at one rate, or where this process may not read it.
    """
    if platform.machine() != "x86_64" or not _constant(cpuinfo):
        return None
    try:
        with mmap.mmap(-1, mmap.PAGESIZE, prot=_PROTECTION) as page:
            return _measure(page)
    except OSError:  # pages that are writable and executable are forbidden here
        return None


def _constant(cpuinfo: Path) -> bool:
    try:
        flags = next(line for line in cpuinfo.read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        return False
    return "constant_tsc" in flags.split()


def _measure(page: mmap.mmap) -> int:
    import ctypes

    page.write(_RDTSC)
    held = ctypes.c_char.from_buffer(page)
    read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(held))
    first_time, first = _sample(read)
    time.sleep(_SPAN)
    last_time, last = _sample(read)
    del held  # the page cannot be given back while it is looked at
    return round((last - first) * 1_000_000 / (last_time - first_time))


def _sample(read: Callable[[], int]) -> tuple[int, int]:
    """`_sample(read)` is a time in nanoseconds and the counter then: the tightest of 50 pairs."""
    samples = []
    for _ in range(50):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        counter = read()
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        samples.append((after - before, (before + after) // 2, counter))
    return min(samples)[1:]

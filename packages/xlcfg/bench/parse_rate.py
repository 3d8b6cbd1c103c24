"""How fast configurations are read, in megabytes a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from xlcfg import check, parse

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus"
GUEST = (CORPUS / "hvm-desktop.xl").read_text()


def parse_rate(seconds: float = 1.0) -> float:
    """Megabytes of a configuration with comments, lists and sums that `parse` reads a second."""
    text = GUEST * 100
    return _rate(len(text.encode()), lambda: parse(text), seconds)


def check_rate(seconds: float = 1.0) -> float:
    """Configurations of a desktop guest that are read and checked a second."""
    return _rate(1_000_000, lambda: check(parse(GUEST)), seconds)


def _rate(size: int, work: Callable[[], object], seconds: float) -> float:
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds or not done:
        work()
        done += 1
    return done * size / 1e6 / spent


if __name__ == "__main__":
    sys.stdout.write(f"parse {parse_rate():.2f} MB/s, check {check_rate():.0f} guests/s\n")

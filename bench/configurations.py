"""How fast `xlcfg` reads configurations, beside the real `xl`."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from commands import run
from results import Configurations, ratio, samples

from xlcfg import check, parse

Report = Callable[[str], None]

_PACKAGE = Path(__file__).resolve().parent.parent / "packages" / "xlcfg"
_GUEST = _PACKAGE / "tests" / "corpus" / "hvm-desktop.xl"
_XLCFG = str(Path(sys.executable).parent / "xlcfg")


def configurations(scratch: Path, *, quick: bool, report: Report) -> Configurations:
    """`configurations(scratch, ...)` is the figures of `xlcfg`. Raises `UserError`.

    `xl` is Debian's own, which the tests of `xlcfg` bring to run where there is no Xen.
    """
    report("reading configurations, beside xl")
    sys.path[:0] = [str(_PACKAGE / "bench"), str(_PACKAGE / "tests")]
    parse_rate = importlib.import_module("parse_rate").parse_rate
    packages = importlib.import_module("oracle.packages")
    text = _GUEST.read_text()
    preloaded = {
        "LD_LIBRARY_PATH": str(packages.libraries()),
        "LD_PRELOAD": str(packages.shim()),
    }
    real = [str(packages.program()), "-N", "create", "-n", str(_GUEST)]
    ours = [_XLCFG, "check", str(_GUEST)]
    repeats = 3 if quick else 15
    rows = []
    for number in range(repeats + 1):
        row = (
            run(ours, scratch),
            _started(real, preloaded),
            _timed(lambda: parse(text)),
            _timed(lambda: check(parse(text))),
        )
        if number:  # the first ones fill caches
            rows.append(row)
    command, xl, read, checked = (
        samples([1000 * seconds for seconds in column], 3) for column in zip(*rows, strict=True)
    )
    rate = samples([parse_rate(0.2 if quick else 1.0) for _ in range(3 if quick else 5)], 3)
    return Configurations(rate, read, checked, command, xl, ratio(command.median, xl.median))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _started(command: Sequence[str], environment: dict[str, str]) -> float:
    return _timed(
        lambda: subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, check=True
        )
    )

"""One closure of a configured project, in a process of its own: `closure_once.py DIRECTORY`.

The seconds that it took, without starting Python and reading the configuration, are written to
the file that the environment variable `BENCH_SECONDS` names.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from fata.build.guest import STARTS
from fata.build.prepare import prepare
from fata.project import load


def main() -> None:
    """Measure and write it down."""
    project = load(Path(sys.argv[1]) / "config.py", {}, os.environ)
    began = time.perf_counter()
    prepare(project, lambda _text: None, start=STARTS)
    seconds = time.perf_counter() - began
    Path(os.environ["BENCH_SECONDS"]).write_text(f"{seconds:.6f}\n")


if __name__ == "__main__":
    main()

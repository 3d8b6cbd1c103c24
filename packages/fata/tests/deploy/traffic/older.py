"""A proxy of an older fata: `older.py -m MODULE DIRECTORY`."""

from __future__ import annotations

import sys
from pathlib import Path

from fata.deploy.traffic.proxy import process, wire


def main() -> None:
    wire.code = lambda: "older"
    process.Process(Path(sys.argv[-1])).run()


main()

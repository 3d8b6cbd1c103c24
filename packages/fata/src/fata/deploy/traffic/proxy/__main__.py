"""`python -m fata.deploy.traffic.proxy DIRECTORY` carries what `traffic.json` there says."""

from __future__ import annotations

import sys
from pathlib import Path

from fata.deploy.traffic.proxy.process import Process


def main() -> int:
    """Be the proxy of the directory that is the first argument."""
    try:
        Process(Path(sys.argv[1])).run()
    except OSError as error:
        sys.stderr.write(f"the proxy cannot begin: {(error.strerror or str(error)).lower()}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The Python that runs us, and where this fata is, for the commands of builds."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def python() -> str:
    """`python()` is the Python that runs us, outside of any virtual environment."""
    return os.path.realpath(sys.executable)


def paths() -> list[str]:
    """`paths()` is where our packages, and what they depend on, are imported from.

    The standard library is not among them.
    """
    own = (path for path in sys.path if path and not _is_standard(Path(path)))
    return [path for path in own if Path(path).is_dir()]


def _is_standard(path: Path) -> bool:
    library = Path(os.__file__).parent
    return path == library or library in path.parents or path.suffix == ".zip"

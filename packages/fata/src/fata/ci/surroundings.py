"""What the commands of a pipeline find around them when it runs here."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fata.ci.guard import MARK, Guarded
from functoria.action import write_file
from functoria.error import UserError

PASSED = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "TERM", "NO_COLOR", "TZ"),
    *("PIP_CERT", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT"),
    *("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_FIND_LINKS"),
)
"""Variables that commands see as they are: how the network is reached, and the terminal."""

_LAUNCHER = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from fata.cli import main
main()
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`Surroundings(checkout, environment)` is where commands run, and all variables they see."""

    checkout: Path
    environment: Mapping[str, str]


def surroundings(run: Guarded, variables: Mapping[str, str]) -> Surroundings:
    """`surroundings(run, variables)` is a home, a `python` and this `fata`, of the run's own.

    What the commands install goes into that `python`, and nothing of it is left. `variables` are
    the user's, of which few are passed on. Raises `UserError` where there can be no `python`.
    """
    home, temporary, own = (run.directory / name for name in ("home", "tmp", "bin"))
    for directory in (home, temporary, own):
        directory.mkdir()
    write_launcher(own / "fata")
    python = _python(run.directory / "python")
    path = (str(own), str(python / "bin"), variables.get("PATH", os.defpath))
    cache = variables.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    pip = Path.home() / ".config" / "pip" / "pip.conf"
    return Surroundings(
        run.directory / "checkout",
        {
            **{name: variables[name] for name in PASSED if name in variables},
            **({"PIP_CONFIG_FILE": str(pip)} if pip.is_file() else {}),
            "CI": "true",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(path),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "TMPDIR": str(temporary),
            "USER": "ci",
            "VIRTUAL_ENV": str(python),
            # Kernels and wheels are kept by digest, and serve every run.
            "XDG_CACHE_HOME": cache,
            MARK: run.mark,
        },
    )


def write_launcher(path: Path) -> None:
    """Make `path` the command `fata` as it runs now, whatever else is installed."""
    ours = [entry for entry in sys.path if entry and Path(entry).is_dir()]
    text = _LAUNCHER.format(python=sys.executable, path=ours)
    write_file(path, text.encode(), stat.S_IRWXU)


def _python(directory: Path) -> Path:
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [base, "-I", "-m", "venv", str(directory)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise UserError(
            "no virtual environment can be made for the tests",
            base,
            "install what Python needs for it: `apt-get install python3-venv`",
        )
    return directory

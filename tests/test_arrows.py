"""Which package may import which, and what every command may import when it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT


def test_the_arrows_between_the_packages() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stdout


WORKERS = ("build", "ci", "closure", "dashboard", "host", "image", "kernel", "lab", "qemu", "xen")
"""The parts of fata that do something to a machine; a description needs none of them."""
OURS = 90
"""How many modules of ours a description may import: the DSL, the engine, the command line."""
HEAVY = ["asyncio", "elftools", "email", "http.client", "msgspec", "rich", "uv", "xml"]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["describe"]])
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    assert not set(HEAVY) & imported(arguments)


def test_a_description_imports_what_describes_and_nothing_that_works() -> None:
    modules = imported(["describe"])
    ours = {name for name in modules if name.partition(".")[0] in ("fata", "functoria", "libos")}
    assert not {name for name in ours if name.startswith(tuple(f"fata.{p}" for p in WORKERS))}
    assert len(ours) <= OURS
    assert not {"hashlib", "socket", "ssl", "subprocess", "tempfile"} & modules


def test_what_answers_on_a_host_imports_neither_what_builds_nor_what_asks_guests(
    tmp_path: Path,
) -> None:
    modules = imported(["agent", "--root", str(tmp_path), "status"])
    assert "fata.deploy.status" in modules
    workers = ("fata.build.", "fata.ci.", "fata.closure.", "fata.dashboard", "fata.host.push")
    assert not {name for name in modules if name.startswith(workers)}
    assert not {"asyncio", "email", "http.client", "ssl", "uv", "xlcfg"} & modules


def imported(arguments: list[str]) -> set[str]:
    """The modules that a command has imported when it ends, in the directory of the website."""
    script = (
        "import sys\nfrom fata.cli.entry import run\n"
        f"code = run({arguments!r})\nprint(code, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=EXAMPLES / "website",
        input="{}",
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = done.stderr.split()
    assert code == "0"
    return set(modules)

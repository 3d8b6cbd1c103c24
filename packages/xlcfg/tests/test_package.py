"""The package stands on its own: it installs alone and needs nothing but Python."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent
STANDARD = set(sys.stdlib_module_names)


def test_it_imports_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import xlcfg, xlcfg.cli;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    command = [sys.executable, "-S", "-c", program]
    environment = {"PYTHONPATH": str(PACKAGE / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - STANDARD == {"xlcfg"}


@pytest.mark.e2e
def test_it_installs_alone_and_the_command_works(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    install = [str(uv), "pip", "install", "-q", "--python", str(python), str(PACKAGE)]
    subprocess.run(install, check=True, capture_output=True)
    (tmp_path / "a.xl").write_text('name = "a"\nkernel = "/k"\n')
    command = [str(python.parent / "xlcfg"), "check", str(tmp_path / "a.xl")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b""
    listed = [str(uv), "pip", "list", "-q", "--python", str(python), "--format", "freeze"]
    found = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    assert found.split() == ["xlcfg==0.1.0"]
    where = [str(python), "-c", "import xlcfg; print(xlcfg.__file__)"]
    module = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    assert (Path(module).parent / "py.typed").exists()

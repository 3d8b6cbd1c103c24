"""`make demo`: the first thing that anyone types."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.e2e
@pytest.mark.xdist_group("demo")
def test_the_demo_serves_a_page_from_a_vm() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "GET / gave 200, a page with the heading `It works`" in done.stdout
    assert re.search(r"demo: HTTP 200 from a VM \(\w+, kernel \w+", done.stdout)

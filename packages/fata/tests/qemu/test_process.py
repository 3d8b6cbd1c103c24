"""The tie between a QEMU and the process that started it."""

from __future__ import annotations

import signal
import subprocess
import sys

TOO_LATE = """
import os
from fata.child import tied

tie = tied()
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        tie()
        os._exit(0)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) % 256)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_whose_parent_is_already_gone_ends_itself() -> None:
    """Whose parent is not the one that prepared the tie has been handed to another already."""
    result = subprocess.run(
        (sys.executable, "-c", TOO_LATE), capture_output=True, text=True, check=True
    )
    assert int(result.stdout) == -signal.SIGKILL % 256

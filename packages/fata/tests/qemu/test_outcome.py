"""Why a guest ended that did not say so."""

from __future__ import annotations

import pytest

from fata.qemu.console import Reading
from fata.qemu.outcome import explain


@pytest.mark.parametrize(
    ("line", "status", "stopped", "stderr", "reason"),
    [
        (
            "",
            0,
            None,
            "",
            "the guest ended without printing anything; more memory may help its kernel to load",
        ),
        ("hello", 0, None, "", "the guest ended without an exit code; its last line: hello"),
        ("hello", 0, "not finished after 3 s", "", "not finished after 3 s"),
        ("hello", -11, None, "", "QEMU was killed by SIGSEGV"),
        (
            "hello",
            -9,
            None,
            "",
            "QEMU was killed by SIGKILL (perhaps this machine ran out of memory)",
        ),
        ("hello", 1, None, "a\nqemu: broken\n", "QEMU failed with 1; it said: qemu: broken"),
        ("Out of memory: Killed process 1", 0, "stopped", "", "the guest ran out of memory"),
    ],
)
def test_the_best_known_reason(
    line: str, status: int, stopped: str | None, stderr: str, reason: str
) -> None:
    reading = Reading()
    reading.line(line)
    assert explain(reading, status, stopped, stderr) == reason

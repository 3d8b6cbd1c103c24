"""How a guest ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from fata.qemu.console import Reading


@dataclass(frozen=True, slots=True)
class Outcome:
    """`Outcome(code, reason, console, seconds, lost)` is how one run of a guest ended.

    `code` is the guest's exit code, or `None` where it gave none; `reason` is then a diagnosis,
    otherwise the guest's own word for its end, if any. `console` is the file with everything
    that the guest printed but the last `lost` bytes, which a full disk did not take. `seconds`
    is the time from QEMU's start to its end. `interrupted` is whether someone asked for the end.
    """

    code: int | None
    reason: str | None
    console: Path
    seconds: float
    lost: int = 0
    interrupted: bool = False


def explain(reading: Reading, status: int, stopped: str | None, stderr: str) -> str:
    """`explain(reading, status, stopped, stderr)` is why a guest ended without an exit code.

    `status` is QEMU's return code as in `subprocess`; `stopped` says why we ended it, if we did.
    """
    told = reading.diagnosis()
    if told is not None:
        return told
    if stopped is not None:
        return stopped
    said = stderr.strip().splitlines()
    words = f"; it said: {said[-1][:400]}" if said else ""
    if status < 0:
        name = _signal_name(-status)
        memory = " (perhaps this machine ran out of memory)" if status == -signal.SIGKILL else ""
        return f"QEMU was killed by {name}{memory}{words}"
    if status > 0:
        return f"QEMU failed with {status}{words}"
    if not reading.last:
        return "the guest ended without printing anything; more memory may help its kernel to load"
    return f"the guest ended without an exit code; its last line: {reading.last}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""Where the toolstack of a Xen host is run: in its control domain, on this machine or by ssh."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fata.called import SECONDS, hung
from fata.complaint import complaint
from fata.completed import Completed
from functoria import UserError

CAPABILITIES = Path("/proc/xen/capabilities")
"""Where Linux says that it is the control domain of a Xen host."""


class Runner(Protocol):
    """Runs commands in a control domain, as root. A lab is one, and so is `Here()`."""

    @property
    def where(self) -> str:
        """What the machine is called in messages."""
        ...

    def command(self, arguments: Sequence[str], terminal: bool = False) -> tuple[str, ...]:
        """The command of this machine that runs the arguments there."""
        ...

    def run(
        self,
        arguments: Sequence[str],
        given: bytes = b"",
        limit: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run them to their end, fed with `given`.

        Raises `UserError` where that fails, with `check` also where the code is not 0, and
        `subprocess.TimeoutExpired` after `limit` seconds.
        """
        ...


def answered(
    runner: Runner, arguments: Sequence[str], *, limit: float = SECONDS, check: bool = False
) -> Completed:
    """`answered(runner, arguments)` is how a command ended there that does not take long.

    Raises `UserError` as `Runner.run` does, and where it takes more than `limit` seconds.
    """
    try:
        return runner.run(arguments, limit=limit, check=check)
    except subprocess.TimeoutExpired:
        raise hung(arguments, limit) from None


class Here:
    """`Here()` runs commands on this machine, which is a Xen host itself."""

    @property
    def where(self) -> str:
        """What the machine is called in messages."""
        return "this machine"

    def command(self, arguments: Sequence[str], terminal: bool = False) -> tuple[str, ...]:
        """The arguments themselves."""
        del terminal
        return tuple(arguments)

    def run(
        self,
        arguments: Sequence[str],
        given: bytes = b"",
        limit: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run them to their end. Raises `UserError` and `subprocess.TimeoutExpired`."""
        try:
            done = subprocess.run(
                list(arguments), input=given, capture_output=True, timeout=limit, check=False
            )
        except OSError as error:
            raise UserError(
                f"`{arguments[0]}` cannot run: {(error.strerror or str(error)).lower()}",
                self.where,
                "set the machine up with `fata host setup`, which installs Xen's toolstack",
            ) from None
        if check and done.returncode != 0:
            why = complaint(done.stderr or done.stdout)
            raise UserError(
                f"`{shlex.join(arguments)[:200]}` failed with exit code {done.returncode}: {why}",
                self.where,
                "see what Xen says with `xl dmesg` and in /var/log/xen",
            )
        return Completed(done.returncode, done.stdout, done.stderr)


def is_xen_host(capabilities: Path = CAPABILITIES) -> bool:
    """`is_xen_host()` is whether this machine is the control domain of a Xen host."""
    try:
        return "control_d" in capabilities.read_text()
    except OSError:
        return False

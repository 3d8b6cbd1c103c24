"""Exit codes: what a program's end means to the host that started it."""

from __future__ import annotations

SUCCESS = 0
BAD_ARGUMENT = 64
UNCAUGHT = 70
DEVICE_FAILED = 71
INTERRUPTED = 130

REASONS = {
    SUCCESS: "finished",
    BAD_ARGUMENT: "bad boot argument",
    UNCAUGHT: "uncaught exception",
    DEVICE_FAILED: "a device did not start",
    INTERRUPTED: "interrupted",
}

MEANINGS = {
    SUCCESS: "the program finished, or was asked for `--help`",
    BAD_ARGUMENT: "a boot argument is unknown, missing or has a bad value",
    UNCAUGHT: "an exception that nothing caught; its traceback is on the console",
    DEVICE_FAILED: "a device did not start: no address by DHCP, for example, or a port in use",
    INTERRUPTED: "interrupted: ctrl-C on its console, or a request to shut down",
}
"""What each code means to the host; 1 to 63 are the program's own."""


class Outcome(Exception):  # noqa: N818 - it may be a success
    """`Outcome(code, reason, text)` ends the program with an exit code and a line that explains it.

    `text` is what is shown before, such as the table that was asked for.
    """

    def __init__(self, code: int, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.text = text


def last_line(code: int, reason: str) -> str:
    """`last_line(code, reason)` is the console line by which a host reads the outcome."""
    return f"fata: exit {code} {' '.join(reason.split())[:200]}".rstrip()


def of_exit(error: SystemExit) -> tuple[int, str]:
    """`of_exit(error)` is the code and reason of a `SystemExit`, as the interpreter reads it."""
    if error.code is None:
        return SUCCESS, REASONS[SUCCESS]
    if isinstance(error.code, int):
        code = error.code & 0xFF
        return code, f"the program exited with {code}"
    return 1, str(error.code)

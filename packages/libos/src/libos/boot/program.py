"""One run of a generated program, from its arguments to its outcome, on any target."""

from __future__ import annotations

import signal
import sys

from libos.boot.outcome import (
    DEVICE_FAILED,
    INTERRUPTED,
    REASONS,
    SUCCESS,
    UNCAUGHT,
    Outcome,
    of_exit,
)

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from libos.boot.arguments import Argument
    from libos.boot.system import System


def run(load: Callable[[], ModuleType], words: list[str]) -> tuple[int, str]:
    """`run(load, words)` is the exit code and the reason with which the program ended.

    `load()` imports the generated program, whose `ARGUMENTS` the words are read by and whose
    `main(system)` is run. A traceback is printed for what the program did not catch.
    """
    try:
        return _Run(words).outcome(load)
    except KeyboardInterrupt:  # while it was told how the program ended
        return INTERRUPTED, REASONS[INTERRUPTED]


class _Run:
    """The state of one run: what is known of the program when it fails."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._declared: tuple[Argument, ...] = ()
        self._values: dict[str, object] = {}
        self._system: System | None = None

    def outcome(self, load: Callable[[], ModuleType]) -> tuple[int, str]:
        try:
            return self._run(load)
        except Outcome as outcome:
            return self._told(outcome)
        except SystemExit as error:
            return of_exit(error)
        except KeyboardInterrupt:
            return INTERRUPTED, REASONS[INTERRUPTED]
        except BaseException as error:
            return self._failed(error)

    def _run(self, load: Callable[[], ModuleType]) -> tuple[int, str]:
        # First of all: an interrupt in an import may become another error, and `load` sees to it.
        import asyncio

        from libos.boot.arguments import parse
        from libos.boot.system import System

        module = load()
        self._declared = module.ARGUMENTS
        self._values = parse(module.ARGUMENTS, self._words)
        system = self._system = System(self._values)

        async def main() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
            try:
                await module.main(system)
            finally:
                await system.stop()

        # A loop that is interrupted while it is made says so in a traceback when it is collected.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            with asyncio.Runner() as runner:
                runner.run(main())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
        return SUCCESS, REASONS[SUCCESS]

    def _told(self, outcome: Outcome) -> tuple[int, str]:
        cause = outcome.__cause__
        if outcome.text:
            print(outcome.text, flush=True)  # noqa: T201
        if cause is None:
            return outcome.code, outcome.reason
        refused = self._refused(cause)
        return (DEVICE_FAILED, refused) if refused else (outcome.code, self._show(cause, outcome))

    def _failed(self, error: BaseException) -> tuple[int, str]:
        refused = self._refused(error)
        return (DEVICE_FAILED, refused) if refused else (UNCAUGHT, self._show(error, None))

    def _refused(self, error: BaseException) -> str | None:
        """Why a port was refused, if it was: the operator's to mend, so no traceback is shown."""
        from libos.boot.refusal import refusal

        reason = refusal(error, self._declared, self._values)
        if reason is not None and "--backtrace" in self._words:
            self._show(error, None)
        return reason

    def _show(self, error: BaseException, outcome: Outcome | None) -> str:
        """Print the traceback; the reason in a line is the result."""
        from libos.boot.report import last_place, report, wants_everything

        where = last_place(error)
        place = None if self._system is None else self._system.place
        everything = wants_everything(self._words)
        sys.stdout.flush()
        print(report(error, place, everything=everything), end="", file=sys.stderr, flush=True)  # noqa: T201
        at = f", at {where}" if where else ""
        if outcome is not None:
            return outcome.reason + at
        said = f": {error}" if str(error) else ""
        return f"uncaught {type(error).__name__}{said}{at}"

"""One run of a generated program, from its arguments to its outcome, on any target."""

from __future__ import annotations

import sys

from libos.boot.outcome import INTERRUPTED, REASONS, SUCCESS, UNCAUGHT, Outcome, of_exit

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def run(load: Callable[[], ModuleType], words: list[str]) -> tuple[int, str]:
    """`run(load, words)` is the exit code and the reason with which the program ended.

    `load()` imports the generated program, whose `ARGUMENTS` the words are read by and whose
    `main(system)` is run. A traceback is printed for what the program did not catch.
    """
    try:
        module = load()
        return _run(module, words)
    except Outcome as outcome:
        if outcome.__cause__ is not None:
            _show(outcome.__cause__)
        return outcome.code, outcome.reason
    except SystemExit as error:
        return of_exit(error)
    except KeyboardInterrupt:
        return INTERRUPTED, REASONS[INTERRUPTED]
    except BaseException as error:
        _show(error)
        return UNCAUGHT, f"uncaught {type(error).__name__}: {error}"


def _run(module: ModuleType, words: list[str]) -> tuple[int, str]:
    import asyncio

    from libos.boot.arguments import parse
    from libos.boot.system import System

    system = System(parse(module.ARGUMENTS, words))

    async def main() -> None:
        try:
            await module.main(system)
        finally:
            await system.stop()

    with asyncio.Runner() as runner:
        runner.run(main())
    return SUCCESS, REASONS[SUCCESS]


def _show(error: BaseException) -> None:
    import traceback

    sys.stdout.flush()
    traceback.print_exception(error)
    sys.stderr.flush()

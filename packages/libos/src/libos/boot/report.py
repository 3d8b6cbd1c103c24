"""What a user is shown of an error: their own lines, and the line of the configuration.

A traceback begins with what the configuration says and goes on with the user's own code and the
packages that it uses. How the program was started, and what libos does inside of its methods, is
left out: it stands between the reader and the mistake. `--backtrace` and debug logs show all.
"""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType

MAIN = "fata_main"

# Raised inside of libos, these are mistakes of libos itself, and their frames are of use.
_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    TypeError,
)


def report(error: BaseException, place: tuple[str, str] | None, *, everything: bool) -> str:
    """`report(error, place, everything=...)` is the traceback as a user is shown it.

    `place` is the path of the device or job in which it happened, and its line as `file:line`.
    """
    if everything:
        if place is not None:
            error.add_note(f"in `{place[0]}` of {place[1]}")
        return "".join(traceback.format_exception(error))
    left_out = sum(_trim(each) for each in _chain(error))
    shown = traceback.TracebackException.from_exception(error)
    if place is not None:
        file, _, line = place[1].rpartition(":")
        number = int(line) if line.isdecimal() else None
        frame = traceback.FrameSummary(file or place[1], number or 0, place[0], lookup_line=False)
        shown.stack.insert(0, frame)
    text = "".join(shown.format())
    if left_out:
        frames = "frame" if left_out == 1 else "frames"
        text += f"({left_out} {frames} of libos left out: `--backtrace` shows all)\n"
    return text


def last_place(error: BaseException) -> str | None:
    """`last_place(error)` is the last line of the user's own that the error passed: `file:line`."""
    found = None
    for step in _steps(error.__traceback__):
        if _owner(step) == "user":
            name = step.tb_frame.f_code.co_filename.removeprefix(f"{os.getcwd()}/")
            found = f"{name.rpartition('/')[2] if name[:1] == '/' else name}:{step.tb_lineno}"
    return found


def wants_everything(words: list[str]) -> bool:
    """`wants_everything(words)` is whether `--backtrace` or debug logs ask for all frames."""
    logging = sys.modules.get("logging")
    return "--backtrace" in words or (logging is not None and logging.root.level <= logging.DEBUG)


def _steps(start: TracebackType | None) -> list[TracebackType]:
    steps = []
    while start is not None:
        steps.append(start)
        start = start.tb_next
    return steps


def _owner(step: TracebackType) -> str:
    """Whose code a frame is: `user`, which takes in packages, `libos`, `boot` or `python`."""
    name = str(step.tb_frame.f_globals.get("__name__", ""))
    if name in (MAIN, "__main__") or name.startswith("libos.boot."):
        return "boot"
    top = name.partition(".")[0]
    if top == "libos":
        return "libos"
    return "python" if top in sys.stdlib_module_names or top.startswith("_frozen") else "user"


def _trim(error: BaseException) -> int:
    """Take out of the error's traceback what is not the user's; how much of it is the result."""
    steps = _steps(error.__traceback__)
    owners = [_owner(step) for step in steps]
    first = _first(owners)
    inner = steps[first:]
    if owners[-1:] in (["libos"], ["python"]) and isinstance(error, _MISTAKES):
        within = [owner for owner in owners if owner != "python"]
        if within[-1:] == ["libos"]:
            error.__traceback__ = _joined(inner)
            return 0
    kept = []
    ours = True
    for step, owner in zip(inner, owners[first:], strict=True):
        if owner != "python":
            ours = owner != "user"
        if not ours:
            kept.append(step)
    error.__traceback__ = _joined(kept)
    return len(inner) - len(kept)


def _first(owners: list[str]) -> int:
    """Where the frames end that only brought the program to its own code."""
    last_boot = max((index for index, owner in enumerate(owners) if owner == "boot"), default=-1)
    return last_boot + 1


def _joined(steps: list[TracebackType]) -> TracebackType | None:
    joined: TracebackType | None = None
    for step in reversed(steps):
        joined = TracebackType(joined, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return joined


def _chain(error: BaseException) -> list[BaseException]:
    """The error, its causes, and what groups among them hold, each once."""
    found: dict[int, BaseException] = {}
    queue: list[BaseException | None] = [error]
    while queue:
        each = queue.pop()
        if each is None or id(each) in found:
            continue
        found[id(each)] = each
        queue += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            queue += each.exceptions
    return list(found.values())

"""The configuration file, evaluated once and without side effects."""

from __future__ import annotations

import builtins
import io
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType

from functoria.deprecated import Warned, warnings
from functoria.error import Position, UserError
from functoria.graph import check_complete
from functoria.impl import Impl, label_of
from functoria.position import evaluated_file, here, serials, shown_path

_MAXIMUM_BYTES = 4 << 20

_registrations: ContextVar[list[Program] | None] = ContextVar("registrations", default=None)


@dataclass(frozen=True, slots=True)
class Program:
    """`Program(name, jobs)` is what a configuration registers: jobs that run in order.

    `before` are devices that are started before all others, such as logs. `needs` is what the
    program as a whole needs from the tool, which the engine does not read. `warnings` are the
    deprecated names that the configuration uses.
    """

    name: str
    jobs: tuple[Impl, ...]
    before: tuple[Impl, ...] = ()
    needs: tuple[object, ...] = ()
    position: Position | None = field(default_factory=here)
    warnings: tuple[Warned, ...] = ()

    @property
    def roots(self) -> tuple[Impl, ...]:
        """Where the graph starts: what comes first, then the jobs."""
        return (*self.before, *self.jobs)


def register(
    name: str, *jobs: Impl, before: tuple[Impl, ...] = (), needs: tuple[object, ...] = ()
) -> None:
    """Say, in a configuration file, that the program `name` runs the jobs in order."""
    position = here()
    wrong: object = name
    if not isinstance(wrong, str):
        raise UserError(
            f"the program needs a name before its jobs, and is given {_label_of_value(wrong)}",
            position,
            'write `register("name", job)`',
        )
    if not _is_name(name):
        raise UserError(
            f"`{name[:80]}` cannot be the name of a program",
            position,
            "use up to 64 letters from a to z, digits, `-` and `_`, beginning with a letter",
        )
    for job in jobs:
        given: object = job
        if not isinstance(given, Impl):
            listed = isinstance(given, list | tuple)
            what = "a list" if listed else f"the Python value {given!r}"
            raise UserError(
                f"`register` takes jobs, not {what}",
                position,
                "leave out the brackets: `register(name, first, second)`"
                if listed
                else "register what `main(...)` gives",
            )
    if not jobs:
        raise UserError(
            f"`{name}` has no job", position, "register at least one: what `main(...)` gives"
        )
    check_complete(jobs)
    recorded = _registrations.get()
    if recorded is None:
        raise UserError("`register` belongs in a configuration file", None, "call it in config.py")
    recorded.append(Program(name, jobs, before, needs, position))


def _is_name(name: str) -> bool:
    letters = name.replace("-", "").replace("_", "")
    return len(name) <= 64 and name.isascii() and letters.isalnum() and name[0].isalpha()


def _label_of_value(value: object) -> str:
    """What a message calls something that is not what was wanted."""
    return f"the device `{label_of(value)}`" if isinstance(value, Impl) else f"`{value!r}`"


def evaluate(path: Path, *, gate: Callable[[str, Position], None] | None = None) -> Program:
    """`evaluate(path)` is the program that the configuration file registers.

    `gate(line, position)` is shown the first line before anything else is done with the file.
    Raises `UserError` naming the line of the file: if it is missing, is not Python, raises,
    prints, writes, or does not register exactly one program.
    """
    file = str(path.absolute())
    source = _read(path, file)
    if gate is not None:
        first = source.partition(b"\n")[0].decode(errors="replace").removeprefix("\ufeff")
        gate(first, Position(shown_path(file), 1))
    code = _compile(source, file)
    recorded: list[Program] = []
    noted: list[Warned] = []

    def run() -> None:
        evaluated_file.set(file)
        _registrations.set(recorded)
        serials.set(itertools.count(1))
        warnings.set(noted)
        with _effects_refused(file), _importable(path.absolute().parent):
            _execute(code, file)

    copy_context().run(run)
    if len(recorded) != 1:
        raise UserError(
            f"{shown_path(file)} registers {len(recorded)} programs, where one is wanted",
            recorded[1].position if recorded else Position(shown_path(file), 1),
            "call `register(name, job)` once, as the last thing",
        )
    return replace(recorded[0], warnings=tuple(noted))


def _read(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as opened:
            source = opened.read(_MAXIMUM_BYTES + 1)
    except OSError as error:
        raise UserError(
            f"the configuration {shown_path(file)} cannot be read: {error.strerror}",
            "--file",
            "go to the directory of the program, name another file with `--file`, "
            "or begin a new one",
        ) from None
    if len(source) > _MAXIMUM_BYTES:
        raise UserError(
            f"the configuration {shown_path(file)} is larger than {_MAXIMUM_BYTES} bytes",
            "--file",
            "name a configuration with `--file`",
        )
    return source


def _compile(source: bytes, file: str) -> CodeType:
    try:
        return compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = error.lineno or 1
        raise UserError(
            f"this is not Python: {error.msg}{_quoted(error.text)}",
            Position(shown_path(file), line),
            "mend the line",
        ) from None
    except ValueError as error:
        raise UserError(
            f"this is not Python: {error}",
            Position(shown_path(file), 1),
            "write the file as UTF-8 text",
        ) from None


def _quoted(text: str | None) -> str:
    return f", in `{text.strip()[:80]}`" if text and text.strip() else ""


def _execute(code: CodeType, file: str) -> None:
    try:
        exec(code, {"__name__": "__config__", "__file__": file, "__builtins__": builtins})  # noqa: S102
    except UserError:
        raise
    except RecursionError as error:
        raise _raised(error, file, "RecursionError: it recurses without end") from None
    except (Exception, SystemExit) as error:
        message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise _raised(error, file, message) from error


def _raised(error: BaseException, file: str, message: str) -> UserError:
    import linecache
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    line = (lines[-1] if lines else None) or 1
    text = linecache.getline(file, line)
    return UserError(
        f"the configuration raised {message}{_quoted(text)}",
        Position(shown_path(file), line),
        "mend the line, or run with `-vv` to see the whole traceback",
    )


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """The configuration may import what lies beside it."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))


_CHANGES = frozenset(
    f"os.{name}"
    for name in ("mkdir", "remove", "rename", "rmdir", "link", "symlink", "truncate", "chmod")
)
"""The audit events (sys.addaudithook) of files that are changed without being opened."""


def _writes(path: object, _mode: object, flags: object) -> bool:
    """Whether an `open` is for writing; Python's own bytecode, which it keeps, does not count."""
    if isinstance(path, int) or not isinstance(flags, int):
        return False
    return bool(flags & (os.O_WRONLY | os.O_RDWR)) and "__pycache__" not in str(path)


@contextmanager
def _effects_refused(file: str) -> Iterator[None]:
    """Printing, writing, the network and other programs are refused to a configuration."""
    active = True

    def refuse(what: str) -> None:
        raise UserError(
            f"the configuration {what}, but it may only describe the program",
            here() or Position(shown_path(file), 1),
            "move this into the program, or into a script of its own",
        )

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if not active or evaluated_file.get() != file:
            return
        if event == "open":
            if _writes(*arguments):
                refuse(f"writes to `{arguments[0]!s}`")
        elif event in _CHANGES and "__pycache__" not in str(arguments[0]):
            refuse(f"changes `{arguments[0]!s}`")
        elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
            refuse("uses the network")
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            refuse("runs another program")

    sys.addaudithook(audit)
    printer, output = builtins.print, sys.stdout
    builtins.print = _refusing(lambda: refuse("prints"))
    sys.stdout = _Refusing(lambda: refuse("prints"))
    try:
        yield
    finally:
        builtins.print, sys.stdout = printer, output
        active = False


def _refusing(refuse: Callable[[], None]) -> Callable[..., None]:
    def print_(*_values: object, **_options: object) -> None:
        refuse()

    return print_


class _Refusing(io.TextIOBase):
    """Standard output of a configuration: the answer to a question is all that goes there."""

    def __init__(self, refuse: Callable[[], None]) -> None:
        self._refuse = refuse

    def write(self, _text: str) -> int:
        self._refuse()
        return 0

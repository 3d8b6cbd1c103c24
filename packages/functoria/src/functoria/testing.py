"""Golden transcripts: what a user types and sees, kept in a file and compared as a whole.

A transcript is text in which a line that begins with `$ ` is a command and what follows is what
it prints, standard output and standard error as they come; `[N]` ends it where the exit code N is
not 0. Lines that begin with `;; ` are remarks. A command is the tool with its arguments, after
`NAME=VALUE` words for its environment, or one of `cat FILE`, `ls [DIRECTORY]`, `rm FILE` and
`echo TEXT > FILE`. Standard input is empty. There is no shell.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest import mock

Run = Callable[[list[str]], int]


def replayed(
    text: str, directory: Path, programs: Mapping[str, Run], veiled: Mapping[str, str] = {}
) -> str:
    """`replayed(text, directory, programs)` is the transcript with what its commands print now.

    `programs` are the tools, by name: functions from arguments to an exit code. `veiled` are
    patterns of what differs from run to run, such as times, and what stands for them.
    """
    lines: list[str] = []
    with _inside(directory):
        for line in text.splitlines():
            if line.startswith(";; ") or (not line and _between(lines)):
                lines.append(line)
            elif line.startswith("$ "):
                lines += (line, *_ran(line[2:], programs))
    found = "\n".join(lines) + "\n"
    for pattern, veil in veiled.items():
        found = re.sub(pattern, veil, found)
    return found


def _between(lines: list[str]) -> bool:
    """Whether an empty line here separates remarks; within output it is output, made anew."""
    return not lines or lines[-1].startswith(";; ")


def check(
    path: Path, directory: Path, programs: Mapping[str, Run], veiled: Mapping[str, str] = {}
) -> None:
    """Raise `AssertionError` unless the transcript in `path` is what happens in `directory`.

    With `UPDATE_TRANSCRIPTS` in the environment the file is written anew instead.
    """
    expected = path.read_text()
    found = replayed(expected, directory, programs, veiled)
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        path.write_text(found)
    elif found != expected:
        import difflib

        difference = difflib.unified_diff(
            expected.splitlines(), found.splitlines(), "expected", "found", lineterm=""
        )
        raise AssertionError(f"{path.name} is not what happens:\n" + "\n".join(difference))


@contextlib.contextmanager
def _inside(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def _ran(command: str, programs: Mapping[str, Run]) -> list[str]:
    words = shlex.split(command)
    environment = {"NO_COLOR": "1", "COLUMNS": "80"}
    while words and re.fullmatch(r"[A-Z_][A-Z0-9_]*=.*", words[0], re.DOTALL):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    name, *arguments = words
    if name not in programs:
        return _built_in(name, arguments)
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    linecache.clearcache()
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        code = programs[name](arguments)
    output.seek(0)
    lines = [line.rstrip() for line in output.read().splitlines()]
    return [*lines, *([f"[{code}]"] if code else []), ""]


def _built_in(name: str, arguments: list[str]) -> list[str]:
    match name, arguments:
        case "cat", [path]:
            return [*Path(path).read_text().splitlines(), ""]
        case "ls", [*where]:
            folder = Path(*where)
            return [*sorted(p.name + "/" * p.is_dir() for p in folder.iterdir()), ""]
        case "rm", [path]:
            Path(path).unlink()
            return [""]
        case "echo", [*text, ">", path]:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(" ".join(text) + "\n")
            return [""]
    raise ValueError(f"a transcript has no command `{name} {' '.join(arguments)}`")

"""What a user of the gate asks for: the command of an ssh session, which no shell reads.

It is understood when it is one of those that fata and git send. Nothing else is.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from fata.host.kind import STATE

LONGEST = 1 << 17
"""Of a command; the kernel gives no program a longer variable."""

_APP = r"(?P<app>[a-z][a-z0-9-]{0,30})(?:\.git)?/?"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUDO = ["sudo", "-n", "--"]
_VERB = re.compile(r"[a-z][a-z-]{0,30}", re.ASCII)
_PUSH = ("git-receive-pack", "git receive-pack")


class Question(Enum):
    """What fata asks a machine before it uses it; the gate answers, and runs nothing."""

    ROOT = auto()
    SET_UP = auto()
    ELSEWHERE = auto()
    HOME = auto()
    USER_NAME = auto()
    USER_NUMBER = auto()
    GROUPS = auto()
    PYTHON = auto()
    BUNDLE = auto()


@dataclass(frozen=True, slots=True)
class Keep:
    """The connection is to stay open until its other side closes it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`Ask(question)` wants to know something about the machine."""

    question: Question


@dataclass(frozen=True, slots=True)
class Call:
    """`Call(verb, words)` is `fata agent VERB WORDS`, of whatever bundle; it may be no verb.

    Of `receive` only images are among them: what is pushed comes through git.
    """

    verb: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """`Push(app)` pushes to the repository of that app."""

    app: str


Session = Keep | Ask | Call | Push


def parse(command: str, root: Path) -> Session | None:
    """`parse(command, root)` is what the command asks for, `None` for whatever else it says."""
    if len(command) > LONGEST:
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if words[:3] == _SUDO:
        # Whether the gate is root, `true` tells; that it becomes root, no word can make it.
        words = words[3:]
        if words == ["true"]:
            return Ask(Question.ROOT)
    if words == ["cat"]:
        return Keep()
    return _asked(words, root) or _push(command, root)


def named(command: str) -> str:
    """`named(command)` is what of a command may be written down: its first word."""
    word = command.strip().partition(" ")[0]
    return "".join(char if char.isprintable() else "?" for char in word)[:100]


def _asked(words: list[str], root: Path) -> Session | None:
    match words:
        case ["id", "-un"]:
            return Ask(Question.USER_NAME)
        case ["id", "-u"]:
            return Ask(Question.USER_NUMBER)
        case ["id", "-Gn"]:
            return Ask(Question.GROUPS)
        case ["env", "python3", "-I", "-c", _]:
            return Ask(Question.PYTHON)
        case ["env", "python3", "-I", "-B", "-c", _, "want", place, digest]:
            here = place == str(root) and _DIGEST.fullmatch(digest)
            return Ask(Question.BUNDLE) if here else None
        case ["printenv", "HOME"]:
            return Ask(Question.HOME)
        case ["test", "-d", place]:
            known = {f"{STATE}/guests": Question.ELSEWHERE, f"{root}/guests": Question.SET_UP}
            return Ask(known[place]) if place in known else None
        case ["env", program, "agent", *rest] | [program, "agent", *rest]:
            return _called(rest, root) if _is_ours(program, root) else None
    return None


def _called(words: list[str], root: Path) -> Call | None:
    if words[:1] == ["--root"]:
        if words[1:2] != [str(root)]:
            return None
        words = words[2:]
    if not words or not _VERB.fullmatch(words[0]):
        return None
    verb, *rest = words
    if rest != (["store"] if verb == "receive" else []):
        return None
    return Call(verb, tuple(rest))


def _is_ours(program: str, root: Path) -> bool:
    """Whether this is a bundle's launcher, of which the gate's own stands for each."""
    before, _, after = program.partition(f"{root}/tool/")
    digest, _, name = after.partition("/")
    bundle = not before and name == "fata" and _DIGEST.fullmatch(digest) is not None
    return bundle or program in ("fata", f"{root}/bin/fata")


def _push(command: str, root: Path) -> Push | None:
    """What git sends (git-push(1)): the program, a blank, and the path in single quotes."""
    for program in _PUSH:
        if command.startswith(f"{program} "):
            quoted = command.removeprefix(f"{program} ")
            place = re.escape(f"{root}/repositories/")
            match = re.fullmatch(rf"(?P<quote>'?)(?:{place}|/|~/)?{_APP}(?P=quote)", quoted)
            return Push(match["app"]) if match else None
    return None

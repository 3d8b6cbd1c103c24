"""Options that a command does not have: which stage they belong to, and which command has them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functoria.error import UsageError
from functoria.key import Key, Stage, Texts
from functoria.project import Survey, refuse_untaken, survey

_LIKE = 0.7
"""From this ratio of `difflib` on, a name is taken for a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Line:
    """`Line(path, own, said, runs)` is a command line as far as it could be read.

    `path` is the command, such as `fata build`, and `own` are its options. `said` is what the
    line says of keys that are none of its options. A command that `runs` the program takes the
    arguments of that behind `--`.
    """

    path: str
    own: tuple[str, ...]
    said: Mapping[str, Texts]
    runs: bool = False


def astray(name: str, line: Line, found: Survey) -> UsageError:
    """`astray("--port", line, survey)` is what to tell who gave the command that option."""
    key = next((key for key in found.live if name in _names(key)), None)
    if key is None:
        option = name.removeprefix("--")
        if option in found.untaken:
            return refuse_untaken(found, option)
        return UsageError(f"there is no option `{name}`", name, _near(option, line, found))
    if key.stage is Stage.BOOT:
        return UsageError(
            f"`{name}` is an argument of the program, given when it boots",
            name,
            f"give it when the program is run: `{_run(key, line, found)}`",
        )
    step = found.tool.next_step
    return UsageError(
        f"`{name}` is chosen when the program is configured",
        name,
        f"run `{_configure(key, line, found)}`{f', then {step}' if step else ''}",
    )


def _names(key: Key[Any]) -> tuple[str, ...]:
    return (f"--{key.option}",) if key.short is None else (f"--{key.option}", f"-{key.short}")


def _near(option: str, line: Line, found: Survey) -> str:
    """What to do about a name that nothing has: the nearest, of whatever stage."""
    from difflib import get_close_matches

    own = [name.removeprefix("--") for name in line.own if name.startswith("--")]
    stages = {key.option: key.stage for key in found.live}
    near = get_close_matches(option, dict.fromkeys((*own, *stages, *found.untaken)), 1, _LIKE)
    if not near:
        keys = f"`{found.tool.name} describe --keys` shows the keys, and when each is given"
        return f"see `{line.path} --help`; {keys}"
    meant = f"did you mean `--{near[0]}`?"
    if near[0] in own:
        return f"{meant} see `{line.path} --help`"
    if near[0] not in stages:
        branch = found.untaken[near[0]].name
        return f"{meant} it belongs to the branch `{branch}`, which is not taken"
    if stages[near[0]] is Stage.BOOT:
        way = f"{_runner(line, found)} -- --{near[0]}=..."
        return f"{meant} it is an argument of the program, given when it boots: `{way}`"
    way = f"{found.tool.name} configure --{near[0]} ..."
    return f"{meant} it is chosen when the program is configured: `{way}`"


def _runner(line: Line, found: Survey) -> str:
    return line.path if line.runs else f"{found.tool.name} run"


def _run(key: Key[Any], line: Line, found: Survey) -> str:
    """The command that boots the program with all the arguments that the line gives it."""
    words = [] if key.option in line.said else [f"--{key.option}=..."]
    for other in found.live:
        if other.stage is Stage.BOOT:
            texts = line.said.get(other.option, ())
            words += [_word(other, text, equals=True) for text in texts]
    return " ".join((_runner(line, found), "--", *words))


def _configure(key: Key[Any], line: Line, found: Survey) -> str:
    """The command that says what was configured before, and what the line says beside.

    Raises `UsageError` for a value that the line has wrong.
    """
    said = {**found.sources[0].texts, **_chosen(found.every, line.said)}
    after = survey(
        found.tool, found.config, found.program, found.every, said, os.environ, saved=False
    )
    words = []
    for other in after.live:
        if other is key and key.option not in line.said:
            words.append(f"--{key.option} ...")
        elif other.stage is Stage.CONFIGURE:
            texts = said.get(other.option, ())
            each = (texts,) if isinstance(texts, str) else texts
            words += [_word(other, text, equals=text.startswith("-")) for text in each]
    return " ".join((f"{found.tool.name} configure", *filter(None, words)))


def _chosen(every: Iterable[Key[Any]], said: Mapping[str, Texts]) -> Mapping[str, Texts]:
    options = {key.option for key in every if key.stage is Stage.CONFIGURE}
    return {option: texts for option, texts in said.items() if option in options}


def _word(key: Key[Any], text: str, *, equals: bool) -> str:
    if key.flag:
        return f"--{key.option}" if text == "true" else ""
    return f"--{key.option}{'=' if equals else ' '}{shlex.quote(text)}"

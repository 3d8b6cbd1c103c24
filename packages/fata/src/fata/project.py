"""A project: a directory with a `config.py`, its keys, and its graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fata.devices.target import TARGET, UNIX
from fata.targets.keys import KEYS_OF_GUESTS, PROJECT_KEYS
from functoria import (
    Context,
    Graph,
    Key,
    Program,
    Source,
    UsageError,
    UserError,
    evaluate,
    live_keys,
    resolve,
    resolve_graph,
)
from functoria.graph import all_keys

CONTEXT_SCHEMA = 1
GENERATED = "_fata"


@dataclass(frozen=True, slots=True)
class Project:
    """`Project(...)` is a configuration with every choice made.

    `keys` are the keys that matter for it: those of the branches taken and of the target.
    """

    directory: Path
    config: Path
    program: Program
    keys: tuple[Key[Any], ...]
    context: Context
    graph: Graph

    @property
    def target(self) -> str:
        """Where the program is to run."""
        return self.context.get(TARGET)

    @property
    def output(self) -> Path:
        """Where `fata build` puts what it makes."""
        return self.directory / "dist" / f"{self.program.name}-{self.target}"

    @property
    def generated(self) -> Path:
        """Where `fata configure` puts what it writes."""
        return self.directory / GENERATED


def load(
    config: Path, options: Mapping[str, str], environment: Mapping[str, str], *, saved: bool = True
) -> Project:
    """`load(config, options, environment)` is the project that `config` is the configuration of.

    A key's value is its default, or what the saved context says, or the environment variable
    `FATA_KEY`, or the option; the later wins. Raises `UserError`, and `UsageError` for an option
    that no live key has.
    """
    return choose(config, evaluate(config), options, environment, saved=saved)


def choose(
    config: Path,
    program: Program,
    options: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    saved: bool = True,
) -> Project:
    """`choose(config, program, ...)` is `load` of a configuration that is evaluated already."""
    directory = config.absolute().parent
    every = tuple(dict.fromkeys((TARGET, *PROJECT_KEYS, *KEYS_OF_GUESTS, *all_keys(program.roots))))
    sources = [
        *(saved_sources(directory) if saved else ()),
        Source("environment", environment_texts(every, environment)),
        Source("command line", options),
    ]
    context = resolve(every, sources)
    keys = _keys(program, context)
    _refuse_unknown(options, keys, every)
    return Project(directory, config, program, keys, context, resolve_graph(program.roots, context))


def _keys(program: Program, context: Context) -> tuple[Key[Any], ...]:
    of_target = () if context.get(TARGET) == UNIX else KEYS_OF_GUESTS
    live = live_keys(program.roots, context)
    return tuple(dict.fromkeys((TARGET, *PROJECT_KEYS, *of_target, *live)))


def _refuse_unknown(
    options: Mapping[str, str], keys: tuple[Key[Any], ...], every: tuple[Key[Any], ...]
) -> None:
    live = {key.option for key in keys}
    for option in options:
        if option in live:
            continue
        if option in {key.option for key in every}:
            raise UsageError(
                f"`--{option}` belongs to a part of the configuration that is not taken",
                f"--{option}",
                "leave it out, or choose the part that has it",
            )
        names = ", ".join(f"`--{name}`" for name in sorted(live))
        raise UsageError(f"there is no key `--{option}`", f"--{option}", f"the keys are {names}")


def environment_texts(keys: tuple[Key[Any], ...], environment: Mapping[str, str]) -> dict[str, str]:
    """`environment_texts(keys, env)` is what `FATA_...` variables say of the keys."""
    found = {}
    for key in keys:
        text = environment.get("FATA_" + key.option.upper().replace("-", "_"))
        if text is not None:
            found[key.option] = text
    return found


def context_file(directory: Path) -> Path:
    """`context_file(d)` is where the keys of the last `fata configure` are kept."""
    return directory / GENERATED / "context.json"


def saved_sources(directory: Path) -> tuple[Source, ...]:
    """`saved_sources(d)` is what the last `fata configure` was told; nothing if there was none."""
    path = context_file(directory)
    remedy = "run `fata configure` again with the keys that you want"
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise UserError(f"the saved keys cannot be read: {error}", str(path), remedy) from None
    keys = data.get("keys") if isinstance(data, dict) else None
    if (
        not isinstance(keys, dict)
        or data.get("schema") != CONTEXT_SCHEMA
        or not all(isinstance(text, str) for text in keys.values())
    ):
        raise UserError("the saved keys are not of this version of fata", str(path), remedy)
    return (Source("saved context", keys),)

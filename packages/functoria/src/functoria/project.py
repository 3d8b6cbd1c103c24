"""A project: a configuration with every choice made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functoria.branch import Branch, untaken_keys
from functoria.context import Context, Source, require, resolve
from functoria.error import UsageError, UserError, one_line
from functoria.evaluate import Program
from functoria.graph import Graph, all_keys, live_keys, resolve_graph, unique_options
from functoria.impl import Choice
from functoria.key import Key, Stage, Texts
from functoria.saved import ORIGIN, read_saved
from functoria.tool import Tool, When
from functoria.walk import children, walk

Options = Mapping[str, str | Texts]


@dataclass(frozen=True, slots=True)
class Project:
    """`Project(...)` is a configuration with every choice made.

    `keys` are the keys that matter for it: the tool's, and those of the branches taken. `notes`
    is what its reader should know that is no error.
    """

    tool: Tool
    config: Path
    program: Program
    keys: tuple[Key[Any], ...]
    context: Context
    graph: Graph
    notes: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Where the configuration lies, as an absolute path."""
        return self.config.absolute().parent

    @property
    def generated(self) -> Path:
        """Where `configure` puts what it writes."""
        return self.directory / self.tool.generated


@dataclass(frozen=True, slots=True)
class Survey:
    """`Survey(...)` is which keys of a configuration matter, the choices in it having been made.

    `sources` are all that was said of keys, the last to be heard; `live` are the keys that
    matter, and `untaken` the options that do not, each with the branch that it belongs to.
    `strays` is what to say of environment variables that are not heard, or nearly a key's.
    """

    tool: Tool
    config: Path
    program: Program
    sources: tuple[Source, ...]
    every: tuple[Key[Any], ...]
    live: tuple[Key[Any], ...]
    untaken: Mapping[str, Branch]
    strays: tuple[str, ...]


def load(
    tool: Tool,
    config: Path,
    options: Options,
    environment: Mapping[str, str],
    *,
    saved: bool = True,
) -> Project:
    """`load(tool, config, options, environment)` is the project that `config` configures.

    A key's value is its default, or what the saved context says, or its environment variable, or
    its option; the later wins. Raises `UserError`, and `UsageError` for an option that no live
    key has.
    """
    program = tool.evaluate(config)
    every = every_key(tool, program)
    found = survey(tool, config, program, every, options, environment, saved=saved)
    refuse_unknown(found, options)
    return settled(found)


def survey(
    tool: Tool,
    config: Path,
    program: Program,
    every: tuple[Key[Any], ...],
    options: Options,
    environment: Mapping[str, str],
    *,
    saved: bool = True,
) -> Survey:
    """`survey(tool, config, program, every, ...)` is which of `every` key matters, and why.

    Only the keys that choose are read: others may have bad values, or be required and missing.
    """
    kept = read_saved(tool, config.absolute().parent) if saved else Source(ORIGIN, {})
    variables = _environment_source(tool, every, environment)
    sources = (kept, variables, Source("command line", options))
    choices = resolve(_choosing_keys(tool, program), sources)
    live = _taken_keys(tool, program, choices)
    untaken = _untaken_options(tool, program, choices)
    strays = _notes_of_environment(tool, environment, every, live, untaken)
    return Survey(tool, config, program, sources, every, live, untaken, strays)


def settled(found: Survey) -> Project:
    """`settled(survey)` is the project, with the value of every key that matters."""
    context = resolve(found.live, found.sources)
    require(found.live, context)
    return Project(
        found.tool,
        found.config,
        found.program,
        found.live,
        context,
        resolve_graph(found.program.roots, context),
        (*map(str, found.program.warnings), *_notes_of_saved(found), *found.strays),
    )


def every_key(tool: Tool, program: Program) -> tuple[Key[Any], ...]:
    """`every_key(tool, program)` is the keys of the tool and of all branches, taken or not.

    Raises `UserError` for a key whose option is one of the command line's own.
    """
    every = tuple(dict.fromkeys((*tool.every_key(), *all_keys(program.roots))))
    own = {key.option: key for key in tool.every_key()}
    for key in every:
        if key.stage is not Stage.CONFIGURE:
            continue
        if key.option in tool.reserved or own.get(key.option, key) is not key:
            raise UserError(
                f"`--{key.option}` is an option of {tool.name} itself, and cannot be a key's",
                key.position,
                f"give the key another name, or a group: `--my-{key.option}`",
            )
        if key.short is not None and key.short in "Vfhoqv":
            raise UserError(
                f"`-{key.short}` is an option of {tool.name} itself, and cannot be a key's",
                key.position,
                f"give `{key.option}` another letter, or none",
            )
    return every


def _choosing_keys(tool: Tool, program: Program) -> tuple[Key[Any], ...]:
    """The keys that decide which others matter."""
    own = (key for item in tool.keys if isinstance(item, When) for key in item.condition.keys)
    terms = walk(program.roots, children)
    chosen = (key for term in terms if isinstance(term, Choice) for key in term.condition.keys)
    return tuple(dict.fromkeys((*own, *chosen)))


def _taken_keys(tool: Tool, program: Program, context: Context) -> tuple[Key[Any], ...]:
    """The keys that matter, the tool's first."""
    own: list[Key[Any]] = []
    for item in tool.keys:
        if not isinstance(item, When):
            own.append(item)
        elif item.condition.evaluate(context):
            own += item.keys
    return unique_options(dict.fromkeys((*own, *live_keys(program.roots, context))))


def _untaken_options(tool: Tool, program: Program, context: Context) -> Mapping[str, Branch]:
    """The options that do not matter, and why."""
    found = {
        key.option: Branch(item.branch, None)
        for item in tool.keys
        if isinstance(item, When) and not item.condition.evaluate(context)
        for key in item.keys
    }
    for key, branch in untaken_keys(program.roots, context).items():
        found.setdefault(key.option, branch)
    return found


def refuse_unknown(found: Survey, options: Iterable[str]) -> None:
    """Raise `UsageError` for an option that no live key of the configure stage has."""
    from difflib import get_close_matches

    stages = {key.option: key.stage for key in found.live}
    for option in options:
        if stages.get(option) is Stage.CONFIGURE:
            continue
        where = f"--{option}"
        if option in stages:
            raise UsageError(
                f"`{where}` is an argument of the program, given when it boots",
                where,
                f"leave it out here, and give it when the program is run: "
                f"`{found.tool.name} run -- {where}=...`",
            )
        if option in found.untaken:
            raise refuse_untaken(found, option)
        known = sorted(name for name, stage in stages.items() if stage is Stage.CONFIGURE)
        near = get_close_matches(option, known, 1)
        raise UsageError(
            f"there is no key `{where}`",
            where,
            f"did you mean `--{near[0]}`?"
            if near
            else f"the keys are {', '.join(f'`--{name}`' for name in known)}",
        )


def refuse_untaken(found: Survey, option: str) -> UsageError:
    """`refuse_untaken(survey, option)` is the error that names the branch of an option."""
    branch = found.untaken[option]
    way = (
        f"have the choice at {branch.position} go that way"
        if branch.position
        else f"choose `{branch.name}`"
    )
    return UsageError(
        f"`--{option}` belongs to the branch `{branch.name}`, which is not taken",
        f"--{option}",
        f"leave it out, or {way}",
    )


def _environment_source(
    tool: Tool, keys: Iterable[Key[Any]], environment: Mapping[str, str]
) -> Source:
    """What variables say of the keys.

    A repeated key takes the words of its variable, quoted as a shell quotes them.
    """
    import shlex

    texts: dict[str, str | Texts] = {}
    places: dict[str, str] = {}
    for key in keys:
        name = tool.variable(key)
        text = environment.get(name)
        if text is None or key.stage is not Stage.CONFIGURE:
            continue
        places[key.option] = name
        try:
            texts[key.option] = tuple(shlex.split(text)) if key.repeated else text
        except ValueError as error:
            raise UsageError(
                f"value of `--{key.option}`: {error}", name, "close the quotation"
            ) from None
    return Source("environment", texts, places)


def _notes_of_saved(found: Survey) -> tuple[str, ...]:
    """What was saved and is not used is said. Raises `UserError` for keys that are no more."""
    saved = found.sources[0]
    known = {key.option for key in found.every if key.stage is Stage.CONFIGURE}
    used = {key.option for key in found.live}
    notes = []
    for option in saved.texts:
        if option not in known:
            raise UserError(
                f"the saved context speaks of a key that is no more: `--{one_line(option)}`",
                saved.place,
                saved.remedy or "configure again",
            )
        if option not in used:
            branch = found.untaken.get(option)
            why = "" if branch is None else f": it belongs to `{branch.name}`"
            notes.append(f"the saved `--{option}` does not matter here{why}")
    return tuple(notes)


def _notes_of_environment(
    tool: Tool,
    environment: Mapping[str, str],
    every: Iterable[Key[Any]],
    live: Iterable[Key[Any]],
    untaken: Mapping[str, Branch],
) -> tuple[str, ...]:
    """What is said of variables that are named like the tool's and that no key is read from."""
    options = {tool.variable(key): key.option for key in every}
    stages = {tool.variable(key): key.stage for key in live}
    notes = []
    for name in sorted(environment):
        if not name.startswith(tool.prefix) or stages.get(name) is Stage.CONFIGURE:
            continue
        variable = f"the environment variable {one_line(name)}"
        option = options.get(name)
        if option is None:
            from difflib import get_close_matches

            near = get_close_matches(name, sorted(options), 1, cutoff=0.85)
            if near:
                notes.append(f"{variable} is no key's; is {near[0]} meant?")
        elif name in stages:
            way = f"give it when the program is run: `{tool.name} run -- --{option}=...`"
            notes.append(f"{variable} is not heard, since `--{option}` is an argument; {way}")
        elif option in untaken:
            branch = untaken[option].name
            notes.append(f"{variable} does not matter here: it belongs to `{branch}`")
    return tuple(notes)

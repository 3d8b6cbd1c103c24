"""Whether a function of the user's takes what the configuration gives it, before it is run."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from fata.build.definition import Definition, Function, own_scope


@dataclass(frozen=True, slots=True)
class Mistake:
    """`Mistake(what, do)` completes the sentence "`start` of website.py:7 ...", and its remedy."""

    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Call:
    """`Call(devices, keywords)` is what a function is given: so many in order, some by name.

    A call that is not `complete` will be given more later: it is of a functor.
    """

    devices: int
    keywords: Collection[str] = ()
    complete: bool = True


def as_coroutine(found: Definition, what: str) -> Mistake | None:
    """`as_coroutine(definition, what)` is why it cannot be awaited when it has been called.

    `what` is what is wanted, such as "a job".
    """
    if found.is_literal:
        return _not_callable(what)
    if isinstance(found.node, ast.FunctionDef) and not _returns(found.node):
        return Mistake(f"is a plain `def`, and {what} is an `async def`", "write `async def` there")
    if isinstance(found.node, ast.AsyncFunctionDef) and _yields(found.node):
        return Mistake(
            f"has a `yield`, which makes it a generator, and {what} is awaited",
            "take the `yield` out, or iterate over the generator in a function of its own",
        )
    return None


def as_constructor(found: Definition) -> Mistake | None:
    """`as_constructor(definition)` is why calling it does not give a device."""
    if isinstance(found.node, ast.AsyncFunctionDef):
        return Mistake(
            "is an `async def`, and a device is made without waiting",
            "write a plain `def` or a class there; what has to wait belongs into its "
            "`async def start(self)`",
        )
    return _not_callable("a device") if found.is_literal else None


def as_converter(found: Definition) -> Mistake | None:
    """`as_converter(definition)` is why calling it with a text does not give a value."""
    if isinstance(found.node, ast.AsyncFunctionDef):
        return Mistake(
            "is an `async def`, and a converter gives its value at once",
            "write a plain `def` there",
        )
    return _not_callable("a converter") if found.is_literal else taken(found, Call(1))


def taken(found: Definition, call: Call) -> Mistake | None:
    """`taken(definition, call)` is what is wrong with the call, where that is certain."""
    parameters = _parameters(found.node)
    return None if parameters is None else _compare(parameters, call)


def _not_callable(what: str) -> Mistake:
    return Mistake(f"is a value that cannot be called, and {what} is", "name a function or class")


def _returns(function: Function) -> bool:
    """Whether it gives anything that might be awaited; a generator does not."""
    return not _yields(function) and any(
        isinstance(node, ast.Return) and node.value is not None for node in own_scope(function)
    )


def _yields(function: Function) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_scope(function))


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The parameters of a function: how many of those in order have defaults, and the rest."""

    positional: tuple[str, ...]
    only_positional: int
    defaults: int
    by_name: tuple[str, ...]
    required_by_name: tuple[str, ...]
    any_positional: bool
    any_name: bool


def _parameters(node: ast.AST) -> _Parameters | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _of(node.args)
    if not isinstance(node, ast.ClassDef) or node.bases or node.keywords:
        return None
    methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    assigned = {item.id for item in own_scope(node) if isinstance(item, ast.Name)}
    if "__new__" in methods or assigned & {"__init__", "__new__"}:
        return None
    init = methods.get("__init__")
    if init is None:
        return _Parameters((), 0, 0, (), (), any_positional=False, any_name=False)
    return None if init.decorator_list else _of(init.args, skip=1)


def _of(arguments: ast.arguments, skip: int = 0) -> _Parameters:
    positional = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
    return _Parameters(
        positional=positional[skip:],
        only_positional=max(0, len(arguments.posonlyargs) - skip),
        defaults=len(arguments.defaults),
        by_name=tuple(each.arg for each in arguments.kwonlyargs),
        required_by_name=tuple(
            each.arg
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is None
        ),
        any_positional=arguments.vararg is not None,
        any_name=arguments.kwarg is not None,
    )


def _compare(has: _Parameters, call: Call) -> Mistake | None:
    if call.devices > len(has.positional) and not has.any_positional:
        return Mistake(
            f"takes {_count(len(has.positional), 'argument')}, and is given {call.devices}",
            "apply it to as many as it has parameters for, or add parameters there",
        )
    named = (*has.positional[has.only_positional :], *has.by_name)
    for name in call.keywords:
        if name in has.positional[: call.devices] and name in named:
            return Mistake(
                f"is given its parameter `{name}` twice, as a device and by name",
                "give it once",
            )
        if name not in named and not has.any_name:
            near = get_close_matches(name, named, 1)
            meant = f"did you mean `{near[0]}`?" if near else f"add a parameter `{name}` there"
            return Mistake(f"has no parameter `{name}`", meant)
    required = has.positional[: len(has.positional) - has.defaults]
    missing = [
        name
        for name in (*required[call.devices :], *has.required_by_name)
        if name not in call.keywords
    ]
    if missing and call.complete:
        names = ", ".join(f"`{name}`" for name in missing)
        return Mistake(
            f"needs {names}, which the configuration does not give",
            f"give a device for it, or `{missing[0]}=...`, or add a default there",
        )
    return None


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"

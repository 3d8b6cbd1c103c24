"""The user's objects that a configuration names, `module:name`, looked up before they are used."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.machinery import PathFinder
from pathlib import Path

from fata.build.calls import Call, Mistake, as_constructor, as_converter, as_coroutine, taken
from fata.build.definition import Definition, definition, parsed
from fata.project import Project
from functoria import Arrow, Node, Reference, UserError
from functoria.walk import device_keys

_ASGI = ("libos.services.http.job:serve", "application")
_ASGI_PARAMETERS = 3  # scope, receive, send


def check_references(project: Project, environment: Path | None = None) -> None:
    """Raise `UserError` at the device's line for an object that is not what is wanted.

    `environment` is where the packages are that the program requires.

    That is: a name that its module does not define, a job that is not an `async def`, and a
    function that does not take what it is given, where its text leaves no doubt. Only modules of
    the project are looked at, as text: nothing of the user's is run.
    """
    for reference, node in _references(project):
        path = _source(project.directory, reference.module)
        if path is None:
            if not _elsewhere(reference.module):
                _check_module(project.directory, environment, reference, node)
            continue
        module = parsed(path)
        if module is None:
            continue
        file = path.relative_to(project.directory).as_posix()
        _check_name(module, file, reference, node)
        found = definition(module, reference.attribute)
        mistake = None if found is None else _mistake(found, reference, node)
        if found is not None and mistake is not None:
            what = f"`{found.name}` of {file}:{found.line} {mistake.what}"
            raise UserError(what, reference.position or node.position, mistake.do)


def _mistake(found: Definition, reference: Reference, node: Node) -> Mistake | None:
    """What is wrong with the object in the place where the configuration puts it."""
    if any(reference.name == key.converter.reference for key in device_keys(node.device)):
        return as_converter(found)
    if reference.name != node.device.constructor:
        application = node.device.keywords.get(_ASGI[1])
        if (node.device.constructor, application) != (_ASGI[0], reference):
            return None  # a value like any other
        wrong = as_coroutine(found, "an ASGI application")
        return wrong or _not_a_class(found, Call(_ASGI_PARAMETERS))
    wrong = as_coroutine(found, "a job") if node.is_job else as_constructor(found)
    complete = not isinstance(node.type, Arrow)
    return wrong or taken(found, Call(len(node.inputs), node.device.keywords, complete))


def _not_a_class(found: Definition, call: Call) -> Mistake | None:
    return None if isinstance(found.node, ast.ClassDef) else taken(found, call)


def _check_name(module: ast.Module, file: str, reference: Reference, node: Node) -> None:
    names = _defined(module)
    if names is None or reference.attribute in names:
        return
    near = get_close_matches(reference.attribute, names, 1)
    raise UserError(
        f"`{file}` does not define `{reference.attribute}`",
        reference.position or node.position,
        f"did you mean `{reference.module}:{near[0]}`?"
        if near
        else f"define it there, or name what is meant as `{reference.module}:...`",
    )


def _references(project: Project) -> Iterator[tuple[Reference, Node]]:
    for node in project.graph.nodes:
        yield Reference(node.device.constructor, node.position), node
        for value in node.device.keywords.values():
            if isinstance(value, Reference):
                yield value, node
        for key in device_keys(node.device):
            if key.converter.reference is not None:
                yield Reference(key.converter.reference, key.position), node


def _source(directory: Path, module: str) -> Path | None:
    base = directory.joinpath(*module.split("."))
    candidates = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _elsewhere(module: str) -> bool:
    """Whether the module may be found outside of the project: ours, or in a package."""
    return "." in module or module in ("libos", "functools")


def _check_module(
    directory: Path, environment: Path | None, reference: Reference, node: Node
) -> None:
    places = [os.fspath(place) for place in (directory, environment) if place is not None]
    if PathFinder.find_spec(reference.module, places) is not None:
        return  # a namespace package of the project, or a package that is required
    near = get_close_matches(reference.module, sorted(p.stem for p in directory.glob("*.py")), 1)
    raise UserError(
        f"there is no module `{reference.module}` in the project",
        reference.position or node.position,
        f"did you mean `{near[0]}:{reference.attribute}`?"
        if near
        else f"write `{reference.module}.py`, or name the module that is meant; one of a package "
        'needs `requires=["PACKAGE"]`',
    )


def _defined(module: ast.Module) -> frozenset[str] | None:
    """The names that the module's text binds; `None` where that cannot be told from it."""
    names: set[str] = set()
    for statement in module.body:
        for node in ast.walk(statement):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    names.add(node.name)
                case ast.Name(ctx=ast.Store()):
                    names.add(node.id)
                case ast.alias(name="*"):
                    return None
                case ast.alias():
                    names.add(node.asname or node.name.partition(".")[0])
    return None if "__getattr__" in names else frozenset(names)

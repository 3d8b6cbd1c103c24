"""The user's objects that a configuration names, `module:name`, looked up before they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from fata.project import Project
from functoria import Node, Reference, UserError


def check_references(project: Project) -> None:
    """Raise `UserError` at the device's line for a name that its module does not define.

    Only modules of the project are looked at, as text: nothing of the user's is run.
    """
    for reference, node in _references(project):
        path = _source(project.directory, reference.module)
        if path is None:
            if not _elsewhere(reference.module):
                _refuse_module(project.directory, reference, node)
            continue
        names = _defined(path)
        if names is not None and reference.attribute not in names:
            near = get_close_matches(reference.attribute, names, 1)
            raise UserError(
                f"`{path.relative_to(project.directory)}` does not define `{reference.attribute}`",
                node.position,
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


def _source(directory: Path, module: str) -> Path | None:
    base = directory.joinpath(*module.split("."))
    candidates = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _elsewhere(module: str) -> bool:
    """Whether the module may be found outside of the project: ours, or in a package."""
    return "." in module or module in ("libos", "functools")


def _refuse_module(directory: Path, reference: Reference, node: Node) -> None:
    if (directory / reference.module).is_dir() or node.device.packages:
        return  # a namespace package, or a package of the device's own
    near = get_close_matches(reference.module, sorted(p.stem for p in directory.glob("*.py")), 1)
    raise UserError(
        f"there is no module `{reference.module}` in the project",
        node.position,
        f"did you mean `{near[0]}:{reference.attribute}`?"
        if near
        else f"write `{reference.module}.py`, or name the module that is meant",
    )


def _defined(path: Path) -> frozenset[str] | None:
    """The names that the module's text binds; `None` where that cannot be told from it."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for statement in body:
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

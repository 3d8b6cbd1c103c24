"""What a module's text defines under a name, where that can be told for certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.JoinedStr)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Definition:
    """`Definition(name, line, node)` is the one thing that a module binds the name to.

    `node` is a function, a class, or the value that is assigned.
    """

    name: str
    line: int
    node: Function | ast.ClassDef | ast.expr

    @property
    def is_literal(self) -> bool:
        """Whether it is text, a number, or another value that nobody can call."""
        return isinstance(self.node, _LITERALS)


def parsed(path: Path) -> ast.Module | None:
    """`parsed(path)` is the module at `path`; `None` if there is none, or no Python."""
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def definition(module: ast.Module, name: str) -> Definition | None:
    """`definition(module, name)` is what the module defines as `name`.

    `None` where the text does not tell: it is bound more than once, in a condition, by an import,
    from inside a function, or changed by a decorator.
    """
    if sum(bound == name for bound in _bound(module)) != 1:
        return None
    for statement in module.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if statement.name == name:
                    return None if statement.decorator_list else _of(statement, name)
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return Definition(name, statement.lineno, value)
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value):
                if found == name:
                    return Definition(name, statement.lineno, value)
    return None


def _of(statement: Function | ast.ClassDef, name: str) -> Definition:
    return Definition(name, statement.lineno, statement)


def _bound(module: ast.Module) -> Iterator[str]:
    """Every name that the module binds in its own scope, and those that its functions may."""
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            yield from node.names
            yield from node.names  # twice is not once: it is not certain
    for node in own_scope(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store() | ast.Del()):
                yield node.id
            case ast.alias():
                yield node.asname or node.name.partition(".")[0]
            case ast.ExceptHandler(name=str(caught)):
                yield caught


def own_scope(top: ast.AST) -> Iterator[ast.AST]:
    """`own_scope(top)` is the nodes below `top` that run when it does: no bodies of functions."""
    queue = list(ast.iter_child_nodes(top))
    while queue:
        node = queue.pop()
        yield node
        if not isinstance(node, _SCOPES):
            queue.extend(ast.iter_child_nodes(node))

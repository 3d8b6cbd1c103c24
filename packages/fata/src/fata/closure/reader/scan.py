"""What one module imports, read from its syntax tree; nothing of it is executed.

This runs under the interpreter that is packed, so that its own grammar and version decide.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from .conditions import truth

EAGER, LAZY, OPTIONAL, LITERAL, FALLBACK, ELSE, SCRIPT = 0, 1, 2, 4, 8, 16, 32

_TOLERANT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_SCRIPTS = {"main", "_main"}  # what `python -m module` runs
_CALLS = re.compile(r"\bimport_module\b|\b__import__\b")
_CODEC = re.compile(
    r"""(?:\.(?:en|de)code\(|encoding\s*=|\bcodecs\.\w+\([^()"']*)\s*["']([\w.-]{2,30})["']"""
)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_METADATA = re.compile(
    r"""\b(?:version|distribution|metadata|requires)\(\s*["']([A-Za-z0-9][\w.-]{1,60})["']\s*\)"""
)


class Import(NamedTuple):
    """`Import(line, module, name, flags, guard)` is one name of one import statement.

    `import a.b` has no `name`; `from a import b` has `b`. `guard` numbers the `try` that forgives
    its failure (`OPTIONAL`), whose failure runs it (`FALLBACK`) or whose success (`ELSE`); 0 is
    none.
    """

    line: int
    module: str
    name: str
    flags: int
    guard: int


class Scan(NamedTuple):
    """`Scan(imports, codecs, distributions)` is what a module's text says of its needs."""

    imports: list[Import]
    codecs: list[str]
    """Codecs named in literals, as written."""
    distributions: list[str]
    """Distributions whose metadata is looked up by a literal name, as written."""


def scan(source: str, tree: ast.Module, package: str, *, main: bool) -> Scan:
    """`scan(source, tree, package, main=...)` is the needs of a module that lives in `package`."""
    reader = _Reader(package, main=main)
    reader.block(tree.body, EAGER, 0)
    if _CALLS.search(source):
        reader.calls(tree, EAGER)
    codecs = sorted(set(_CODEC.findall(source)))
    distributions = sorted(set(_METADATA.findall(source)))
    return Scan(reader.imports, codecs, distributions)


class _Reader:
    """The walk over statements; expressions are looked into only for `import_module` calls."""

    def __init__(self, package: str, *, main: bool) -> None:
        self.package, self.main = package, main
        self.imports: list[Import] = []
        self.guards = 0

    def block(self, body: list[ast.stmt], flags: int, guard: int) -> None:
        for node in body:
            self.statement(node, flags, guard)

    def statement(self, node: ast.AST, flags: int, guard: int) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.add(node.lineno, alias.name, "", flags, guard)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(self.package, node.module or "", node.level)
            for alias in node.names:
                self.add(node.lineno, base, alias.name, flags, guard)
        elif isinstance(node, ast.If):
            self.choice(node, flags, guard)
        elif isinstance(node, (ast.Try, ast.TryStar)):
            self.attempt(node, flags, guard)
        elif isinstance(node, _FUNCTIONS):
            script = SCRIPT if node.name in _SCRIPTS or node.name.startswith("_test") else 0
            self.block(node.body, flags | LAZY | script, guard)
        else:
            self.other(node, flags, guard)

    def other(self, node: ast.AST, flags: int, guard: int) -> None:
        if isinstance(node, ast.With) and any(_suppresses(i.context_expr) for i in node.items):
            self.guards += 1
            flags, guard = flags | OPTIONAL, self.guards
        for field in _BODIES:
            inner = getattr(node, field, None)
            if isinstance(inner, list):
                for child in inner:
                    self.statement(child, flags, guard)

    def choice(self, node: ast.If, flags: int, guard: int) -> None:
        answer = truth(node.test, main=self.main)
        if answer is not False:
            self.block(node.body, flags, guard)
        if answer is not True:
            self.block(node.orelse, flags, guard)

    def attempt(self, node: ast.Try | ast.TryStar, flags: int, guard: int) -> None:
        tolerant = [h for h in node.handlers if _tolerates(h.type)]
        if not tolerant:
            self.other(node, flags, guard)
            return
        self.guards += 1
        own = self.guards
        self.block(node.body, flags & ~(FALLBACK | ELSE) | OPTIONAL, own)
        for handler in node.handlers:
            if handler in tolerant:
                raises = any(isinstance(child, ast.Raise) for child in handler.body)
                if raises and handler is tolerant[0]:
                    self.unforgive(own, flags, guard)
                self.block(handler.body, flags & ~ELSE | FALLBACK, own)
            else:
                self.block(handler.body, flags, guard)
        self.block(node.orelse, flags & ~FALLBACK | ELSE, own)
        self.block(node.finalbody, flags, guard)

    def unforgive(self, own: int, flags: int, guard: int) -> None:
        """Take back the pardon: the handler only words the failure better and raises it again."""
        self.imports = [
            entry._replace(flags=entry.flags & ~OPTIONAL | flags, guard=guard)
            if entry.guard == own
            else entry
            for entry in self.imports
        ]

    def calls(self, tree: ast.AST, flags: int) -> None:
        """Find `import_module("literal")` and `__import__("literal")` anywhere below `tree`."""
        for child in ast.iter_child_nodes(tree):
            inner = flags | LAZY if isinstance(child, (*_FUNCTIONS, ast.Lambda)) else flags
            if isinstance(child, (ast.Try, ast.TryStar)) and any(
                _tolerates(h.type) for h in child.handlers
            ):
                inner |= OPTIONAL
            if isinstance(child, ast.Call):
                name = literal_import(child, self.package)
                if name:
                    self.add(child.lineno, name, "", inner | LITERAL, 0)
            self.calls(child, inner)

    def add(self, line: int, module: str, name: str, flags: int, guard: int) -> None:
        if module:
            self.imports.append(Import(line, module, name, flags, guard))


def absolute(package: str, module: str, level: int) -> str:
    """`absolute("a.b", "c", 2)` is `"a.c"`; empty where the dots lead out of every package."""
    if not level:
        return module
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])


def literal_import(call: ast.Call, package: str) -> str:
    """`literal_import(call, package)` is the module that a call imports by a literal, or empty."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in {"import_module", "__import__"} or not call.args:
        return ""
    argument = call.args[0]
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        return ""
    text = argument.value
    level = len(text) - len(text.lstrip("."))
    if name == "__import__" and level:
        return ""
    found = absolute(package, text[level:], level)
    return found if all(part.isidentifier() for part in found.split(".")) else ""


def _tolerates(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    if isinstance(kind, ast.Tuple):
        return any(_tolerates(element) for element in kind.elts)
    name = kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", "")
    return name in _TOLERANT


def _suppresses(expression: ast.expr) -> bool:
    if not isinstance(expression, ast.Call):
        return False
    function = expression.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "suppress" and any(_tolerates(argument) for argument in expression.args)

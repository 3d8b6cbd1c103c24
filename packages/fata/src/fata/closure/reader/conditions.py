"""Tests whose outcome in the guest is known when the image is built."""

from __future__ import annotations

import ast
import operator
import os
import sys
from collections.abc import Callable
from typing import Any

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_FACTS: dict[str, object] = {
    "sys.platform": sys.platform,
    "sys.version_info": tuple(sys.version_info),
    "sys.version_info.major": sys.version_info.major,
    "sys.version_info.minor": sys.version_info.minor,
    "sys.hexversion": sys.hexversion,
    "sys.byteorder": sys.byteorder,
    "sys.implementation.name": sys.implementation.name,
    "sys.builtin_module_names": sys.builtin_module_names,
    "os.name": os.name,
    "os.sep": os.sep,
}


class _UnknownError(Exception):
    """The value is not known before the program runs."""


def truth(test: ast.expr, *, main: bool) -> bool | None:
    """`truth(test, main=...)` is the outcome of `test` in the guest, `None` where it may vary.

    `main` tells whether the module is the one that runs as `__main__`.
    """
    if isinstance(test, ast.BoolOp):
        return _several(test, main=main)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = truth(test.operand, main=main)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and ast.unparse(test) == "__name__ == '__main__'":
        return main
    try:
        return bool(_value(test))
    except (_UnknownError, TypeError, ValueError, LookupError):
        return None


def _several(test: ast.BoolOp, *, main: bool) -> bool | None:
    outcomes = [truth(value, main=main) for value in test.values]
    decisive = isinstance(test.op, ast.Or)
    if decisive in outcomes:
        return decisive
    return None if None in outcomes else not decisive


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(_value(element) for element in node.elts)
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _fact(node)
    if isinstance(node, ast.Subscript):
        return _item(node)
    if isinstance(node, ast.Compare):
        return _compared(node)
    if isinstance(node, ast.Call):
        return _called(node)
    raise _UnknownError


def _fact(node: ast.Name | ast.Attribute) -> Any:
    name = ast.unparse(node)
    if name.rpartition(".")[2] == "TYPE_CHECKING":
        return False
    if name in _FACTS:
        return _FACTS[name]
    raise _UnknownError


def _item(node: ast.Subscript) -> Any:
    whole = _value(node.value)
    if not isinstance(whole, tuple):
        raise _UnknownError
    if isinstance(node.slice, ast.Slice):
        ends = [
            None if end is None else _value(end)
            for end in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        return whole[slice(*ends)]
    index = _value(node.slice)
    if not isinstance(index, int):
        raise _UnknownError
    return whole[index]


def _compared(node: ast.Compare) -> bool:
    left = _value(node.left)
    for comparison, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node)
        if not _COMPARE[type(comparison)](left, right):
            return False
        left = right
    return True


def _called(node: ast.Call) -> Any:
    function = node.func
    if (
        isinstance(function, ast.Attribute)
        and function.attr == "startswith"
        and ast.unparse(function.value) == "sys.platform"
        and len(node.args) == 1
    ):
        return sys.platform.startswith(_value(node.args[0]))
    raise _UnknownError

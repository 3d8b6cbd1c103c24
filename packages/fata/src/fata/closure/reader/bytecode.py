"""Bytecode that is the same wherever and whenever it is made."""

from __future__ import annotations

import importlib.util
import marshal
from types import CodeType

UNCHECKED_HASH = 1  # PEP 552: hash-based, never compared with a source


def compile_module(source: bytes, filename: str, optimise: int) -> bytes:
    """`compile_module(source, filename, optimise)` is a `.pyc` that needs no source beside it.

    It depends on the arguments and the interpreter's version only. `filename` is what tracebacks
    show. Raises `SyntaxError` or `ValueError` as `compile` does.
    """
    code = compile(source, filename, "exec", dont_inherit=True, optimize=optimise)
    digest = importlib.util.source_hash(source)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + digest
    return header + canonical(code)


def canonical(code: CodeType) -> bytes:
    """`canonical(code)` is marshalled code that does not depend on what else is loaded.

    marshal marks an object for reuse when its reference count exceeds one, and an interned name may
    or may not be known to other modules. With a second copy alive every interned name is shared.
    """
    blob = marshal.dumps(code)
    copy, keep = marshal.loads(blob), marshal.loads(blob)  # noqa: S302 - made by the line above
    stable = marshal.dumps(copy)
    del keep
    return stable


def names_in(code: CodeType) -> set[str]:
    """`names_in(code)` is every global and attribute name that the code and its inner code use."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_in(constant)
    return names

"""Files beside modules that a package reads when it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from fata.closure.entry import Entry, EntryKind, entry_of_file
from fata.closure.finder import Kind, Module, Origin
from fata.closure.graph import Graph
from fata.closure.modules import package_of
from fata.closure.rules import Rules

_NOT_READ = (
    *("*.py", "*.pyc", "*.pyo", "*.pyi", "*.pyx", "*.pxd", "*.pxi", "py.typed"),
    *("*.c", "*.cc", "*.cpp", "*.cu", "*.h", "*.hpp", "*.rs", "*.f", "*.f90"),
    *("*.a", "*.la", "*.o", "*.lib", "*.dll", "*.dylib", "*.exe", "*.pdb"),
    *("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", "AUTHORS*", "README*", "CHANGE*", "HISTORY*"),
    *("*.md", "*.rst", "*.orig", ".*"),
    *("Makefile*", "CMakeLists*", "meson.build", "setup.cfg", "pyproject.toml"),
)
_NOT_ENTERED = {"__pycache__", "tests", "test", "testing", "docs", "doc", "examples", "include"}


def data_entries(graph: Graph, rules: Rules, suffixes: tuple[str, ...]) -> Iterator[Entry]:
    """`data_entries(graph, rules, suffixes)` is the data of every package that is in, by path.

    It is what lies in the package's directory, or in directories below that are no packages, except
    sources, headers, typing stubs, tests and documentation. `suffixes` are those of extension
    modules, which are modules and not data.
    """
    for name in sorted(graph.modules):
        module = graph.modules[name]
        if module.origin is Origin.STDLIB or module.kind is Kind.NAMESPACE or not module.search:
            continue
        top = name.partition(".")[0]
        for path in sorted(_files(module.search[0], top=True)):
            if _is_data(path, module, rules, suffixes):
                yield _entry(path, module, top)


def _entry(path: Path, module: Module, top: str) -> Entry:
    root = module.root
    below = path.relative_to(root.directory).as_posix() if root else path.name
    kind = EntryKind.LIBRARY if ".so" in path.name else EntryKind.DATA
    image = f"{root.image}/{below}" if root else below
    return entry_of_file(image, path, kind, f"data of {top}", package_of(module))


def _files(directory: Path, *, top: bool) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if not top and ("__init__.py" in names or "__init__.pyc" in names):
        return
    for entry in entries:
        if entry.is_file():
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False) and not _skipped(entry.name):
            yield from _files(Path(entry.path), top=False)


def _skipped(name: str) -> bool:
    return name in _NOT_ENTERED or name.startswith(".")


def _is_data(path: Path, module: Module, rules: Rules, suffixes: tuple[str, ...]) -> bool:
    below = path.relative_to(module.search[0]).as_posix()
    if any(fnmatch(below, glob) for glob in rules.data_exclude.get(module.name, ())):
        return False
    if any(fnmatch(below, glob) for glob in rules.data.get(module.name, ())):
        return True
    if path.name.endswith(suffixes):
        return path.name.startswith("lib")  # a plain library, for ctypes
    return not any(fnmatch(path.name, glob) for glob in _NOT_READ)

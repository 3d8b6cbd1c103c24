"""A project on disk, the interpreter that is packed, and a cache of the tests' own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from fata.closure import Closure, Interpreter, closure, interpreter


class Build(Protocol):
    """`build(files, ...)` is the closure of a project whose program is `main.py`."""

    def __call__(
        self, files: dict[str, str], environment: dict[str, str] | None = None, **options: Any
    ) -> Closure: ...


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for these tests alone, which kernels for others are not looked for in."""
    monkeypatch.setenv("UV_CACHE_DIR", os.fspath(Path.home() / ".cache" / "uv"))
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(shared_cache))
    return shared_cache


@pytest.fixture(scope="session")
def python() -> Interpreter:
    return interpreter(Path(getattr(sys, "_base_executable", sys.executable)))


@pytest.fixture(scope="session")
def libos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = tmp_path_factory.mktemp("src") / "libos"
    write(package, {"__init__.py": "", "boot/__init__.py": "", "boot/guest.py": "import sys\n"})
    return package


@pytest.fixture
def build(tmp_path: Path, python: Interpreter, libos: Path) -> Build:
    def make(
        files: dict[str, str], environment: dict[str, str] | None = None, **options: Any
    ) -> Closure:
        project, site = tmp_path / "project", tmp_path / "site"
        write(project, files)
        if environment is not None:
            write(site, environment)
        return closure(
            project / "main.py",
            project=project,
            environment=site if environment is not None else None,
            interpreter=python,
            libos=libos,
            report=lambda _: None,
            **options,
        )

    return make


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

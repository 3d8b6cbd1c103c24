"""The list of files: where they are, why they are there, and that it is always the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fata.closure import MAIN, Closure, EntryKind, Interpreter, closure
from functoria.error import UserError

Build = Callable[..., Closure]

PROGRAM = {
    "main.py": "import website\n",
    "website.py": "import asyncio\nfrom parts import page\n",
    "parts/__init__.py": "",
    "parts/page.py": "TITLE = 'hello'\n",
    "parts/page.html": "<h1>hello</h1>\n",
}


def paths(found: Closure) -> list[str]:
    return [entry.path for entry in found.entries]


def test_the_layout_of_an_image(build: Build, python: Interpreter) -> None:
    found = paths(build(PROGRAM))
    version = python.short_version
    assert found == sorted(found)
    assert {
        f"app/{MAIN}.pyc",
        "app/website.pyc",
        "app/parts/__init__.pyc",
        "app/parts/page.html",
        f"usr/bin/python{version}",
        f"usr/lib/python{version}/os.pyc",
        f"usr/lib/python{version}/asyncio/events.pyc",
    } <= set(found)
    assert not [path for path in found if path.endswith(".py")]
    assert [path for path in found if path.startswith(f"usr/lib/python{version}/lib-dynload/")]


def test_the_loader_is_where_the_interpreter_asks_for_it(build: Build) -> None:
    executed = [e.path for e in build(PROGRAM).entries if e.kind is EntryKind.INTERPRETER]
    assert len(executed) == 2
    assert all(Path("/", path).exists() for path in executed)


def test_why_is_the_shortest_chain_with_places(build: Build) -> None:
    found = build(PROGRAM)
    assert found.why("parts.page") == (
        f"the image starts with {MAIN}",
        "main.py:1 imports website",
        "website.py:2 imports parts.page",
    )
    assert found.why("app/parts/page.pyc") == found.why("parts.page")
    assert found.why("app/parts/page.html") == ("app/parts/page.html: data of parts",)
    assert found.why("antigravity") == ()


def test_why_of_a_library_ends_at_the_library(build: Build) -> None:
    found = build({"main.py": "import ssl\n"})
    path = next(path for path in paths(found) if "libssl" in path)
    chain = found.why(path)
    assert chain[0] == f"the image starts with {MAIN}"
    assert chain[-1].startswith(f"{path}: needed by ")


def test_the_same_entries_and_bytes_in_another_directory(
    build: Build, tmp_path: Path, python: Interpreter, libos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(PROGRAM)
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(tmp_path / "another-cache"))
    elsewhere = tmp_path / "quite" / "elsewhere"
    for name in reversed(list(PROGRAM)):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text(PROGRAM[name])
    second = closure(
        (elsewhere / "main.py").read_bytes(),
        project=elsewhere,
        environment=None,
        interpreter=python,
        libos=libos,
        report=lambda _: None,
    )
    assert paths(first) == paths(second)
    for one, two in zip(first.entries, second.entries, strict=True):
        assert (one.content(), one.reason, one.size) == (two.content(), two.reason, two.size)
        assert os.fspath(tmp_path).encode() not in one.content()


def test_sizes_add_up(build: Build) -> None:
    found = build(PROGRAM)
    assert sum(size for _, size in found.sizes()) == found.size
    assert found.size == sum(len(entry.content()) for entry in found.entries)


def test_dropped_names_are_those_that_could_have_been_in(build: Build) -> None:
    found = build(PROGRAM, {"vendor/__init__.py": "", "vendor/part.py": ""})
    assert {"sqlite3", "vendor", "encodings.cp437"} <= set(found.dropped)
    assert not {"asyncio", "sqlite3.dbapi2", "os"} & set(found.dropped)


def test_data_of_packages_but_not_their_tests_and_sources(build: Build) -> None:
    vendor = {
        "vendor/__init__.py": "",
        "vendor/py.typed": "",
        "vendor/speed.c": "",
        "vendor/README.md": "",
        "vendor/templates/page.html": "<p>",
        "vendor/tests/data.json": "{}",
        "vendor/unused/__init__.py": "",
        "vendor/unused/big.bin": "",
        "other/__init__.py": "",
        "other/data.txt": "",
    }
    found = paths(build({"main.py": "import vendor\n"}, vendor))
    assert [path for path in found if path.startswith(("app/vendor", "app/other"))] == [
        "app/vendor/__init__.pyc",
        "app/vendor/templates/page.html",
    ]


def test_metadata_only_for_who_asks(build: Build) -> None:
    info = {
        "vendor-1.dist-info/METADATA": "Name: vendor\nVersion: 1\n\nA long description.\n",
        "vendor-1.dist-info/RECORD": "vendor.py,,\nvendor-1.dist-info/METADATA,,\n",
    }
    silent = build({"main.py": "import vendor\n"}, info | {"vendor.py": ""})
    assert not [path for path in paths(silent) if "dist-info" in path]
    asking = build(
        {"main.py": "import vendor\n"}, info | {"vendor.py": "import importlib.metadata"}
    )
    entry = next(e for e in asking.entries if e.kind is EntryKind.METADATA)
    assert entry.path == "app/vendor-1.dist-info/METADATA"
    assert entry.content() == b"Name: vendor\nVersion: 1\n"


def test_metadata_of_a_distribution_that_is_looked_up_by_name(build: Build) -> None:
    vendor = {
        "vendor.py": "from importlib.metadata import version\nversion('E_mail')\n",
        "e.mail-2.dist-info/METADATA": "Name: e.mail\nVersion: 2\n",
    }
    found = build({"main.py": "import vendor\n"}, vendor)
    assert "app/e.mail-2.dist-info/METADATA" in paths(found)


def test_a_trace_adds_modules_and_files(build: Build, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text('{"modules": ["plug", "gone"], "files": ["words.txt", "../secret"]}')
    files = {"main.py": "", "plug.py": "import csv\n", "words.txt": "a b", "../secret": "x"}
    found = build(files, trace=trace)
    assert {"app/plug.pyc", "app/words.txt"} <= set(paths(found))
    assert "csv" in found.graph.modules
    assert not [path for path in paths(found) if "secret" in path]


@pytest.mark.parametrize("text", ["", "[]", '{"modules": []}', '{"modules": [1], "files": []}'])
def test_what_is_no_trace_is_refused(build: Build, tmp_path: Path, text: str) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text(text)
    with pytest.raises(UserError, match="is not a trace"):
        build({"main.py": ""}, trace=trace)

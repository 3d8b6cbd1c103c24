"""Which modules are in, and which are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fata.closure import Closure
from functoria.error import Position, UserError

Build = Callable[..., Closure]


def test_imports_are_followed_wherever_they_are(build: Build) -> None:
    found = build(
        {
            "main.py": "import site_a\n",
            "site_a.py": "def f():\n    from inner import tool\n",
            "inner/__init__.py": "",
            "inner/tool.py": "import json\n",
            "inner/unused.py": "import sqlite3\n",
        }
    )
    assert {"site_a", "inner", "inner.tool", "json.decoder"} <= set(found.graph.modules)
    assert not {"inner.unused", "sqlite3"} & set(found.graph.modules)


def test_asyncio_alone_brings_no_openssl(build: Build) -> None:
    found = build({"main.py": "import asyncio\n"})
    assert "ssl" in found.weak_dropped
    assert not [entry.path for entry in found.entries if "libcrypto" in entry.path]


def test_openssl_is_in_when_the_program_imports_ssl(build: Build) -> None:
    found = build({"main.py": "import asyncio, ssl\n"})
    assert "ssl" not in found.weak_dropped
    assert [entry.path for entry in found.entries if "libcrypto" in entry.path]


def test_openssl_is_in_when_the_program_derives_keys(build: Build) -> None:
    assert "_hashlib" not in build({"main.py": "import hashlib\nhashlib.sha256()\n"}).graph.modules
    assert "_hashlib" in build({"main.py": "import hashlib\nhashlib.scrypt\n"}).graph.modules


def test_what_a_sealed_machine_has_no_use_for_is_out_unless_the_user_imports_it(
    build: Build,
) -> None:
    lazily = {"vendor.py": "def debug():\n    import pdb\n"}
    assert "pdb" not in build({"main.py": "import vendor\n"}, lazily).graph.modules
    assert "pdb" in build({"main.py": "import vendor, pdb\n"}, lazily).graph.modules


def test_an_excluded_module_is_in_if_its_importer_cannot_start_without(build: Build) -> None:
    found = build({"main.py": "import vendor\n"}, {"vendor.py": "import unittest\n"})
    assert "unittest" in found.graph.modules


def test_a_fallback_is_out_when_the_first_choice_is_in(build: Build) -> None:
    choice = "try:\n    import {}\nexcept ImportError:\n    import slow\nelse:\n    import extra\n"
    files = {"main.py": "import pick\n", "fast.py": "", "slow.py": "", "extra.py": ""}
    found = build(files | {"pick.py": choice.format("fast")})
    assert {"fast", "extra"} <= set(found.graph.modules)
    assert "slow" not in found.graph.modules
    found = build(files | {"pick.py": choice.format("absent")})
    assert "slow" in found.graph.modules
    assert "extra" not in found.graph.modules


def test_modules_that_only_c_code_imports(build: Build) -> None:
    found = build({"main.py": "import socket, datetime\ndatetime.datetime.strptime\n"})
    assert {"encodings.idna", "stringprep", "unicodedata", "_strptime"} <= set(found.graph.modules)


def test_a_codec_named_by_a_literal(build: Build) -> None:
    found = build({"main.py": "print('x'.encode('IBM437'))\n"})
    assert "encodings.cp437" in found.graph.modules


def test_include_brings_in_what_no_text_names(build: Build) -> None:
    files = {"main.py": "", "plug/__init__.py": "", "plug/a.py": "", "plug/deep/b.py": ""}
    assert "plug.a" in build(files, include=("plug.a",)).graph.modules
    assert "plug.deep.b" in build(files, include=("plug.*",)).graph.modules


def test_include_of_what_is_not_there(build: Build) -> None:
    with pytest.raises(UserError, match="there is no module `plugg`"):
        build({"main.py": "", "plug.py": ""}, include=("plugg",))


def test_exclude_keeps_out_and_says_who_wanted_it(build: Build) -> None:
    vendor = {"vendor.py": "import csv\n"}
    found = build({"main.py": "import vendor\n"}, vendor, exclude=("csv",))
    assert "csv" not in found.graph.modules
    assert [(m.name, m.place, m.reason) for m in found.missing] == [
        ("csv", "vendor.py:1", "excluded")
    ]


@pytest.mark.parametrize(
    ("line", "name", "advice"),
    [
        ("import yaml", "yaml", 'add "PyYAML", which provides `yaml`, to requires=[...]'),
        ("import starlette", "starlette", 'add requires=["starlette"] to config.py'),
        ("import jsno", "jsno", "did you mean `json`?"),
        ("import helprs", "helprs", "did you mean `helpers`?"),
        ("from tools import hamer", "tools.hamer", "did you mean `tools.hammer`?"),
        ("import tools.saw", "tools.saw", "`tools` is there and has no `saw`"),
    ],
)
def test_a_missing_module_in_the_users_code(
    build: Build, line: str, name: str, advice: str
) -> None:
    files = {
        "main.py": "import website\n",
        "website.py": f"import os\n{line}\n",
        "helpers.py": "",
        "tools/hammer.py": "",
    }
    with pytest.raises(UserError) as caught:
        build(files)
    assert caught.value.what == f"there is no module `{name}`"
    assert caught.value.where == Position("website.py", 2)
    assert advice in caught.value.do


def test_a_missing_module_elsewhere_is_recorded(build: Build) -> None:
    found = build({"main.py": "import vendor\n"}, {"vendor.py": "\nimport absent\n"})
    assert [(m.name, m.place) for m in found.missing] == [("absent", "vendor.py:2")]


def test_what_a_program_need_not_load_may_miss_what_it_wants(build: Build) -> None:
    vendor = {
        "vendor/__init__.py": "def driver():\n    from vendor import oracle\n",
        "vendor/oracle.py": "import absent\n",
    }
    assert build({"main.py": "import vendor\n"}, vendor).missing == ()
    found = build({"main.py": "def f():\n    import vendor.oracle\n"}, vendor)
    assert [m.name for m in found.missing] == ["absent"]


def test_a_forgiven_import_may_be_missing(build: Build) -> None:
    text = "try:\n    import orjson\nexcept ImportError:\n    orjson = None\n"
    assert build({"main.py": text}).missing == ()


def test_a_syntax_error_in_the_users_code(build: Build) -> None:
    with pytest.raises(UserError, match="not valid Python") as caught:
        build({"main.py": "import website\n", "website.py": "x = 1\ndef f(:\n"})
    assert caught.value.where == Position("website.py", 2)


def test_a_syntax_error_in_a_package_is_recorded(build: Build) -> None:
    found = build({"main.py": "import vendor\n"}, {"vendor.py": "print 'python 2'\n"})
    assert [m.name for m in found.missing] == ["vendor"]


def test_attributes_of_plain_modules_are_no_missing_modules(build: Build) -> None:
    assert build({"main.py": "import os.path\nfrom os.path import join\n"}).missing == ()


def test_zoneinfo_without_its_data_is_noted(build: Build) -> None:
    assert ["tzdata" in note for note in build({"main.py": "import zoneinfo\n"}).notes] == [True]


def test_the_project_shadows_the_library_and_packages_do_not(build: Build) -> None:
    files = {"main.py": "import csv, queue\n", "csv.py": "mine = 1\n"}
    found = build(files, {"queue.py": "import absent\n"})
    assert found.graph.modules["csv"].relative == "csv.py"
    paths = [entry.path for entry in found.entries]
    assert "app/csv.pyc" in paths
    assert "app/queue.pyc" not in paths


def test_what_to_start_from_is_in(build: Build) -> None:
    found = build({"main.py": ""}, start=("libos.boot.guest",))
    assert "app/libos/boot/guest.pyc" in [entry.path for entry in found.entries]
    with pytest.raises(UserError, match=r"libos[.]nothing"):
        build({"main.py": ""}, start=("libos.nothing",))

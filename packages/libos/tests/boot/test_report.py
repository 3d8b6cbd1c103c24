"""A traceback for its reader: the configuration's line, the user's own code, and the error."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest

from libos.boot.report import last_place, report

PLACE = ("website > http", "config.py:5")


def module(name: str, text: str, **names: object) -> Any:
    made = ModuleType(name)
    made.__dict__.update(names)
    exec(compile(text, f"{name.replace('.', '/')}.py", "exec"), made.__dict__)  # noqa: S102
    return made


LIBRARY = module(
    "libos.services.thing",
    "def call(function):\n    return function()\n\n"
    "def fail(error):\n    _fail(error)\n\ndef _fail(error):\n    raise error\n",
)
USER = module(
    "website",
    "import json\n"
    "def read():\n    json.loads('{')\n"
    "def use(library, error):\n    library.fail(error)\n"
    "def nested(library):\n    library.call(read)\n"
    "def caused():\n"
    "    try:\n        read()\n"
    "    except ValueError as error:\n        raise RuntimeError('no settings') from error\n",
)
MAIN = module("fata_main", "def main(function, *arguments):\n    function(*arguments)\n")


def shown(*call: Any, everything: bool = False) -> str:
    try:
        MAIN.main(*call)
    except Exception as error:
        return report(error, PLACE, everything=everything)
    raise AssertionError("nothing was raised")


def test_it_begins_with_the_configuration_and_keeps_what_the_users_code_called() -> None:
    text = shown(USER.read)
    assert text.startswith(
        "Traceback (most recent call last):\n"
        '  File "config.py", line 5, in website > http\n'
        '  File "website.py", line 3, in read\n'
    )
    assert "json/decoder.py" in text
    assert "fata_main" not in text
    assert "test_report" not in text


def test_what_libos_does_inside_is_left_out_and_counted() -> None:
    assert shown(USER.use, LIBRARY, OSError("no route")) == (
        "Traceback (most recent call last):\n"
        '  File "config.py", line 5, in website > http\n'
        '  File "website.py", line 5, in use\n'
        "OSError: no route\n"
        "(2 frames of libos left out: `--backtrace` shows all)\n"
    )
    text = shown(USER.nested, LIBRARY)
    assert text.index("in nested") < text.index("in read") < text.index("json/decoder.py")
    assert "libos/services" not in text


def test_a_mistake_of_libos_itself_is_shown_with_its_frames() -> None:
    text = shown(USER.use, LIBRARY, AttributeError("no attribute"))
    assert 'File "libos/services/thing.py", line 8, in _fail' in text


def test_everything_can_be_asked_for() -> None:
    text = shown(USER.use, LIBRARY, OSError("no route"), everything=True)
    assert "fata_main" in text
    assert "in _fail" in text
    assert text.endswith("OSError: no route\nin `website > http` of config.py:5\n")


def test_causes_are_trimmed_too() -> None:
    text = shown(USER.caused)
    assert text.count("Traceback") == 2
    assert text.count("config.py") == 1
    assert text.index("json/decoder.py") < text.index("config.py") < text.index("no settings")


def test_a_group_of_errors_is_trimmed_in_each() -> None:
    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(USER.use, LIBRARY, OSError("no route")))

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(together())
    text = report(caught.value, PLACE, everything=False)
    assert "in _fail" not in text
    assert "in use" in text


def test_the_last_line_of_the_users_own_is_named() -> None:
    with pytest.raises(OSError, match="no route") as caught:
        MAIN.main(USER.use, LIBRARY, OSError("no route"))
    assert last_place(caught.value) == "website.py:5"


def test_an_error_that_is_its_own_cause_is_shown() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__context__ = two, one
    assert "ValueError: one" in report(one, None, everything=False)


def test_endless_recursion_is_shown_in_short() -> None:
    def again() -> None:
        again()

    with pytest.raises(RecursionError) as caught:
        again()
    assert len(report(caught.value, PLACE, everything=False).splitlines()) < 40
    assert sys.getrecursionlimit() > 500

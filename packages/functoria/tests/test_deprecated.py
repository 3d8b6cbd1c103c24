"""Names on their way out still work, and say so once, at the user's line."""

from pathlib import Path

import pytest

from functoria import evaluate

CONFIG = """\
from functoria import JOB, Device, register
from functoria.deprecated import deprecated

@deprecated(instead="job", removed_in="0.4")
def foreign(name):
    return Device(name=name, type=JOB, constructor="m:start")

first = foreign("a")
register("x", first, foreign("b"))
"""


def test_a_deprecated_name_is_noted_once_at_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(CONFIG)
    program = evaluate(tmp_path / "config.py")
    assert [str(warning) for warning in program.warnings] == [
        "`foreign` is deprecated and goes away in 0.4: write `job` (at config.py:8)"
    ]


def test_what_is_not_used_is_not_noted(tmp_path: Path) -> None:
    text = CONFIG.replace('foreign("b")', "first").replace(
        'foreign("a")', "Device(name='a', type=JOB, constructor='m:start')"
    )
    (tmp_path / "config.py").write_text(text)
    assert evaluate(tmp_path / "config.py").warnings == ()


def test_outside_of_a_configuration_there_is_nobody_to_tell(
    recwarn: pytest.WarningsRecorder,
) -> None:
    from functoria.deprecated import warn

    warn("old", instead="new", removed_in="1")
    assert not recwarn.list

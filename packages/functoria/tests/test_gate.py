"""The version gate: which first lines are good, which are bad, and which are no gate at all."""

from pathlib import Path

import pytest

from functoria import Position, UserError
from functoria.gate import bounds, check
from functoria.tool import Tool

HERE = Position("config.py", 1)


@pytest.mark.parametrize(
    "line",
    [
        "# fata >= 0.2",
        "# fata >= 0.2, < 0.4",
        "#fata>=0.2,<0.4",
        "# fata == 0.3",
        "# fata == 0.3.0",
        "# fata > 0.2.9",
        "# fata <= 0.3",
        "# fata != 0.2",
        "# fata >= 0.2, != 0.2.7, < 1",
        "",
        "# fata is the tool for this file",
        "# fatal >= 9",
        "# a comment about fata >= 9",
        "from fata.dsl import *",
        '"""fata >= 9"""',
    ],
)
def test_good_lines(line: str) -> None:
    check(line, "fata", "0.3.0", HERE)


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("# fata >= 0.4", "is written for fata >= 0.4, and this is fata 0.3.0", "a newer fata"),
        ("# fata > 0.3", "is written for fata > 0.3, and", "a newer fata"),
        ("# fata < 0.3", "is written for fata < 0.3, and", "an older fata"),
        ("# fata >= 0.1, < 0.2", "is written for fata < 0.2, and", "an older fata"),
        ("# fata == 0.4", "is written for fata == 0.4, and", "a newer fata"),
        ("# fata == 0.2", "is written for fata == 0.2, and", "an older fata"),
        ("# fata != 0.3", "is written for fata != 0.3, and", "an older fata"),
        ("# fata >= 0.3 < 0.4", "is not a range of versions", "write it as `# fata >= 0.2, < 0.4`"),
        ("# fata >= ", "is not a range of versions", "write it as"),
        ("# fata >= 0.2,", "is not a range of versions", "write it as"),
        ("# fata ~= 0.2", "is not a range of versions", "write it as"),
        ("# fata ^0.2", "is not a range of versions", "write it as"),
        ("# fata >= 0.2.x", "is not a range of versions", "write it as"),
        ("# fata 0.2", "is not a range of versions", "write it as"),
        ("# fata >= 99999999999999999999", "is not a range of versions", "write it as"),
        ("# fata >= \u0663", "is not a range of versions", "write it as"),
    ],
)
def test_bad_lines(line: str, message: str, remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        check(line, "fata", "0.3.0", HERE)
    assert message in caught.value.what
    assert remedy in caught.value.do
    assert str(caught.value.where) == "config.py:1"


def test_versions_before_a_release_count_as_that_release() -> None:
    check("# fata >= 0.4", "fata", "0.4.0rc1", HERE)


def test_versions_are_compared_as_numbers() -> None:
    (bound,) = bounds("# fata < 0.10", "fata", HERE)
    assert bound.holds((0, 9, 5))
    assert not bound.holds((0, 10))


def test_the_gate_speaks_before_anything_of_the_file_is_run(tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text("# brew >= 3\nthis is not python\n")
    tool = Tool(name="brew", version="1.0", doc="")
    with pytest.raises(UserError, match="is written for brew >= 3, and this"):
        tool.evaluate(config)

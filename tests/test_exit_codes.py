"""Exit codes: the tables in the code and the page that documents them say the same."""

from __future__ import annotations

import re

from fata import exit_codes
from fata.arguments import BootArgumentError
from functoria import UsageError, UserError
from functoria.cli import entry
from libos.boot import outcome
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "exit-codes.md").read_text()


def table(heading: str) -> dict[int, str]:
    part = PAGE[PAGE.index(heading) :].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", part, re.MULTILINE)
    return {int(code): meaning for code, meaning in rows}


def test_the_codes_of_the_command() -> None:
    assert table("Of the command") == dict(exit_codes.MEANINGS)


def test_the_codes_of_programs() -> None:
    documented = table("Of a program")
    assert documented.pop(exit_codes.NO_OUTCOME).startswith("the guest ended without saying how")
    assert documented == dict(outcome.MEANINGS)


def test_every_reason_belongs_to_a_documented_code() -> None:
    assert set(outcome.REASONS) == set(outcome.MEANINGS)
    assert exit_codes.INTERRUPTED == outcome.INTERRUPTED == entry.INTERRUPTED
    assert (exit_codes.DONE, exit_codes.FAILED) == (entry.DONE, entry.FAILED)
    assert (UserError.exit_code, UsageError.exit_code) == (exit_codes.FAILED, exit_codes.USAGE)
    assert BootArgumentError.exit_code == outcome.BAD_ARGUMENT

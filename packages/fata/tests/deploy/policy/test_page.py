"""What the page on policies says is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from fata.cli.audit import command as audit
from fata.cli.host import command as host
from fata.deploy.policy import parse
from fata.deploy.policy.permission import DEFAULT

PAGE = (Path(__file__).parents[5] / "docs" / "policies.md").read_text()


def test_the_policy_on_the_page() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    policy = parse(text.encode())
    assert policy.signatures
    assert policy.users["alice"].may == DEFAULT
    keys = set(re.findall(r"^(\w+) =", text, re.MULTILINE))
    cells = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == keys


def test_the_commands_on_the_page() -> None:
    for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            _, verb, *words = shlex.split(line)
            made: click.Command = audit
            if verb == "host":
                found = host.commands.get(words.pop(0))
                assert found is not None, line
                made = found
            # It refuses options that there are not.
            parser = made.make_parser(click.Context(made))
            assert parser.parse_args(args=list(words)), line

"""`xlcfg check` and `xlcfg diff`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from xlcfg.check import check_text
from xlcfg.cli.files import read, read_bytes, shown
from xlcfg.diagnostic import Diagnostic, Severity
from xlcfg.diff import diff
from xlcfg.schema.option import NEWEST, OLDEST
from xlcfg.text import visible

if TYPE_CHECKING:
    from xlcfg.cli.commands import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    check = commands.add_parser("check", help="tell what is wrong with configurations")
    check.add_argument("files", nargs="+", metavar="FILE")
    newest = ".".join(map(str, NEWEST))
    text = f"the Xen that it is for, 4.17 or later (default: {newest})"
    check.add_argument("--xen", type=_version, default=NEWEST, metavar="VERSION", help=text)
    check.add_argument("--strict", action="store_true", help="count warnings as errors")
    check.add_argument("--json", action="store_true", help="print the findings as JSON")
    check.set_defaults(run=_check)
    compare = commands.add_parser("diff", help="tell what another configuration says otherwise")
    compare.add_argument("old", metavar="OLD")
    compare.add_argument("new", metavar="NEW")
    compare.set_defaults(run=_diff)


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    if not (major.isdigit() and minor.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"`{text}` is no version such as 4.17")
    version = int(major), int(minor)
    if version < OLDEST:
        raise argparse.ArgumentTypeError("versions before 4.17 are not described here")
    return version


def _check(options: argparse.Namespace) -> int:
    failed = False
    report = []
    for name in options.files:
        found = check_text(read_bytes(name), options.xen)
        failed |= any(options.strict or item.severity is Severity.ERROR for item in found)
        if options.json:
            report += [_entry(name, item) for item in found]
        else:
            sys.stdout.write("".join(f"{item.show(shown(name))}\n" for item in found))
    if options.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return int(failed)


def _entry(name: str, found: Diagnostic) -> dict[str, object]:
    return {
        "file": shown(name),
        "line": found.at.line,
        "column": found.at.column,
        "severity": found.severity.value,
        "rule": found.rule.name,
        "message": found.what,
        "do": found.do,
        "section": found.section,
    }


def _diff(options: argparse.Namespace) -> int:
    changes = diff(read(options.old), read(options.new))
    lines = "\n".join(str(change) for change in changes).splitlines()
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return int(bool(changes))

"""`xlcfg fill`, `to-libvirt` and `from-libvirt`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xlcfg.check import check_text
from xlcfg.cli.files import read, read_bytes, read_text, shown, write
from xlcfg.diagnostic import Severity
from xlcfg.error import ParseError, UsageError
from xlcfg.fill import fill, placeholders
from xlcfg.fmt import fmt
from xlcfg.libvirt import from_libvirt, to_libvirt

if TYPE_CHECKING:
    from xlcfg.cli.commands import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    template = commands.add_parser("fill", help="make a configuration of a template")
    template.add_argument("file", metavar="TEMPLATE")
    text = (
        "NAME=..., KERNEL=..., RAMDISK=..., MEMORY=..., ARGS=..., BLOCK:name=..., NETWORK:name=..."
    )
    template.add_argument("values", nargs="*", metavar="KEY=VALUE", help=text)
    template.add_argument("--list", action="store_true", help="only list the placeholders")
    _output(template)
    template.set_defaults(run=_fill)
    there = commands.add_parser("to-libvirt", help="print libvirt's domain XML")
    there.add_argument("file", metavar="FILE")
    _output(there)
    there.set_defaults(run=_to_libvirt)
    back = commands.add_parser("from-libvirt", help="print the configuration of domain XML")
    back.add_argument("file", metavar="FILE")
    _output(back)
    back.set_defaults(run=_from_libvirt)


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")


def _fill(options: argparse.Namespace) -> int:
    text = read_text(options.file)
    name = shown(options.file)
    if options.list:
        keys = dict.fromkeys(f"@{place.key}@" for place in placeholders(text, name))
        sys.stdout.write("".join(f"{key}\n" for key in keys))
        return 0
    filled = fill(text, _values(options.values), name)
    errors = [item for item in check_text(filled) if item.severity is Severity.ERROR]
    if errors:
        raise ParseError(errors, name)
    write(options.output, filled)
    return 0


def _values(arguments: list[str]) -> dict[str, str | int]:
    values: dict[str, str | int] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or key in values:
            what = f"`{argument}` gives no value" if not equals else f"`{key}` is given twice"
            raise UsageError(what, "KEY=VALUE", "write KEY=VALUE once for each placeholder")
        number = value.isascii() and value.isdigit() and len(value) < 13
        values[key] = int(value) if key == "MEMORY" and number else value
    return values


def _to_libvirt(options: argparse.Namespace) -> int:
    name = shown(options.file)
    text, left = to_libvirt(read(options.file), name)
    _left(name, [f"`{option}`" for option in left])
    write(options.output, text)
    return 0


def _from_libvirt(options: argparse.Namespace) -> int:
    name = shown(options.file)
    document, left = from_libvirt(read_bytes(options.file), name)
    _left(name, [f"<{path}>" for path in left])
    write(options.output, fmt(document))
    return 0


def _left(name: str, things: list[str]) -> None:
    for thing in things:
        sys.stderr.write(f"{name}: warning: {thing} is left out or told in part\n")

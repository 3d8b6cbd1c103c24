"""`xlcfg fmt`, `get`, `set` and `unset`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from xlcfg.cli.files import read, read_bytes, shown, write
from xlcfg.edit import set_value, unset
from xlcfg.error import ParseError, UsageError, XlcfgError
from xlcfg.evaluate import evaluate
from xlcfg.fmt import fmt
from xlcfg.parser import parse
from xlcfg.render import render
from xlcfg.text import encode
from xlcfg.tree import Data, data_of

if TYPE_CHECKING:
    from xlcfg.cli.commands import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    layout = commands.add_parser("fmt", help="write configurations in the standard layout")
    layout.add_argument("files", nargs="+", metavar="FILE")
    layout.add_argument("--check", action="store_true", help="only tell which ones differ")
    layout.set_defaults(run=_fmt)
    get = commands.add_parser("get", help="print the value of an option")
    get.add_argument("file", metavar="FILE")
    get.add_argument("name", metavar="NAME")
    get.add_argument("--json", action="store_true", help="print it as JSON")
    get.set_defaults(run=_get)
    change = commands.add_parser("set", help="change an option and nothing else in the text")
    change.add_argument("file", metavar="FILE")
    change.add_argument("name", metavar="NAME")
    text = "a text, or a value as it is written in a configuration with --value"
    change.add_argument("values", nargs="+", metavar="VALUE", help=text)
    change.add_argument("--list", action="store_true", help="the values are items of a list")
    change.add_argument("--value", action="store_true", help="VALUE is in the language itself")
    change.set_defaults(run=_set)
    remove = commands.add_parser("unset", help="remove an option and nothing else in the text")
    remove.add_argument("file", metavar="FILE")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_unset)


def _fmt(options: argparse.Namespace) -> int:
    differ = False
    for name in options.files:
        data = read_bytes(name)
        text = fmt(parse(data, shown(name)))
        if encode(text) == data and name != "-":
            continue
        if options.check:
            differ |= encode(text) != data
            sys.stdout.write(f"{shown(name)}\n" if encode(text) != data else "")
        else:
            write(name, text)
    return int(differ)


def _get(options: argparse.Namespace) -> int:
    found = evaluate(read(options.file)).get(options.name)
    if found is None:
        do = "see its text for what is set"
        raise XlcfgError(f"`{options.name}` is not set", shown(options.file), do)
    if options.json:
        sys.stdout.write(json.dumps(found.data) + "\n")
    else:
        sys.stdout.buffer.write(encode("".join(f"{line}\n" for line in _lines(found.data))))
    return 0


def _lines(data: Data) -> list[str]:
    """A string as a line, a list with a line for each item, deeper lists as JSON."""
    if isinstance(data, str):
        return [data]
    return [item if isinstance(item, str) else json.dumps(item) for item in data]


def _set(options: argparse.Namespace) -> int:
    document = read(options.file)
    _known(options.name)
    if options.value:
        data = _written(options.name, options.values)
    elif options.list:
        data = list(options.values)
    elif len(options.values) > 1:
        raise UsageError("there is more than one value", "VALUE", "pass --list for a list")
    else:
        data = options.values[0]
    write(options.file, render(set_value(document, options.name, _plain(data))))
    return 0


def _plain(data: Data) -> Data | int:
    """A text of digits is written as a number, without quotes."""
    if isinstance(data, str) and data.isascii() and data.isdigit() and str(int(data)) == data:
        return int(data)
    return data


def _written(name: str, values: list[str]) -> Data:
    try:
        document = parse(f"{name}={' '.join(values)}", "VALUE")
    except ParseError as error:
        raise UsageError(error.what, "VALUE", error.do) from error
    if len(document.settings) != 1:
        raise UsageError("the value holds more than one setting", "VALUE", "pass one value")
    return data_of(document.settings[0].value)


def _known(name: str) -> None:
    """A name has to be one, or it would not come back."""
    try:
        names = parse(f"{name}=0").names
    except ParseError:
        names = ()
    if names != (name,):
        do = "write lower case letters, digits and `_`"
        raise UsageError(f"`{name}` is no name of an option", "NAME", do)


def _unset(options: argparse.Namespace) -> int:
    write(options.file, render(unset(read(options.file), options.name)))
    return 0

"""Xen's xl.cfg(5) as a library: parse, check, format, compare, fill and generate.

`parse(text)` is a configuration with every character of its text, `render` the way back;
`values` is what it says, `check` what is wrong with it. `Domain` is a guest for programs to
describe; `fill` makes configurations of templates.
"""

from __future__ import annotations

from xlcfg.check import check, check_text
from xlcfg.diagnostic import Diagnostic, Severity
from xlcfg.diff import Change, diff
from xlcfg.domain import Action, Block, Domain, Network
from xlcfg.edit import set_value, unset
from xlcfg.error import ParseError, UsageError, XlcfgError
from xlcfg.evaluate import evaluate, values
from xlcfg.fill import Placeholder, fill, placeholders
from xlcfg.fmt import fmt
from xlcfg.libvirt import from_libvirt, to_libvirt
from xlcfg.parser import parse, parse_all
from xlcfg.position import Position
from xlcfg.render import render
from xlcfg.schema.option import Guest
from xlcfg.specs.disk import Disk
from xlcfg.specs.disk_words import Format
from xlcfg.specs.pci import Pci
from xlcfg.specs.vif import Vif
from xlcfg.tree import Document, Item, List, Operator, Setting, String
from xlcfg.typed import typed

__all__ = [
    "Action",
    "Block",
    "Change",
    "Diagnostic",
    "Disk",
    "Document",
    "Domain",
    "Format",
    "Guest",
    "Item",
    "List",
    "Network",
    "Operator",
    "ParseError",
    "Pci",
    "Placeholder",
    "Position",
    "Setting",
    "Severity",
    "String",
    "UsageError",
    "Vif",
    "XlcfgError",
    "check",
    "check_text",
    "diff",
    "evaluate",
    "fill",
    "fmt",
    "from_libvirt",
    "parse",
    "parse_all",
    "placeholders",
    "render",
    "set_value",
    "to_libvirt",
    "typed",
    "unset",
    "values",
]

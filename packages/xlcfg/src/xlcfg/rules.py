"""The rules that a configuration is held to, and what `xl` itself does about each.

`check` is stricter than `xl` exactly in the rules whose `xl` is not `REJECTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from xlcfg.diagnostic import Severity


class Xl(Enum):
    """What `xl` does with a file that breaks a rule."""

    REJECTS = "refuses the file"
    WARNS = "warns and goes on"
    SILENT = "says nothing"
    CRASHES = "may abort"
    VARIES = "refuses the file or says nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """`Rule(name, severity, xl, meaning)` is one rule and the names it goes by."""

    name: str
    severity: Severity
    xl: Xl
    meaning: str


def _error(name: str, xl: Xl, meaning: str) -> Rule:
    return Rule(name, Severity.ERROR, xl, meaning)


def _warning(name: str, xl: Xl, meaning: str) -> Rule:
    return Rule(name, Severity.WARNING, xl, meaning)


SYNTAX = _error("syntax", Xl.REJECTS, "the text is not in the language")
STRING = _error("string", Xl.REJECTS, "a string does not end on its line")
ESCAPE = _error("escape", Xl.REJECTS, "a backslash is followed by what it cannot be")
COMMENT = _error("comment", Xl.REJECTS, "a comment ends without a newline")
ADDITION = _error("addition", Xl.REJECTS, "`+=` joins a list and a string")
CRASH = _error("crash", Xl.CRASHES, "a value that `xl` dies of")
LAST = _error("last", Xl.SILENT, "a stray character at the very end, which `xl` overlooks")
NUL = _error("nul", Xl.CRASHES, "the text holds a NUL byte")
NESTING = _error("nesting", Xl.SILENT, "lists are nested more than 64 deep")
SIZE = _error("size", Xl.SILENT, "the text is longer than 16 MiB")
LOST_ESCAPE = _warning("lost-escape", Xl.SILENT, "`xl` reads an octal escape as nothing")
ENCODING = _warning("encoding", Xl.SILENT, "the text is not UTF-8")

MISSING = _error("missing", Xl.REJECTS, "an option without which no guest starts is missing")
VALUE = _error("value", Xl.REJECTS, "the value is not one that the option takes")
SPEC = _error("spec", Xl.REJECTS, "a device or range is not written as its manual page says")
CONFLICT = _error("conflict", Xl.REJECTS, "two options contradict each other")
GUEST_ERROR = _error("guest-error", Xl.REJECTS, "the option is refused for this type of guest")

WRONG_TYPE = _error("wrong-type", Xl.WARNS, "a list where a value is due, or the reverse")
NUMBER = _error("number", Xl.WARNS, "not a number, so that `xl` ignores the option")
ADDED_NUMBER = _error("added-number", Xl.WARNS, "`+=` on a number, so that `xl` ignores it")
SPEC_INCOMPLETE = _error(
    "spec-incomplete", Xl.VARIES, "a device lacks what `xl` may take from the one before it"
)
NO_CPU = _error("no-cpu", Xl.VARIES, "a list of CPUs leaves none")
SPEC_IGNORED = _error("spec-ignored", Xl.WARNS, "a part of a device is ignored by `xl`")
RANGE = _error("range", Xl.SILENT, "a number that makes no sense for the option")
QUIET = _error("quiet", Xl.SILENT, "a value of the wrong type that `xl` ignores in silence")
SPEC_RANGE = _error("spec-range", Xl.SILENT, "a part of a device that makes no sense")
CLASH = _error("clash", Xl.SILENT, "two devices claim the same name or address")
LIST_ITEM = _error("list-item", Xl.SILENT, "an item of a list that ends it for `xl`")

ABBREVIATED = _warning("abbreviated", Xl.SILENT, "the beginning of a word stands for it")
SPEC_VERSION = _warning(
    "spec-version", Xl.VARIES, "a part of a device that the `xl` of Xen 4.17 does not know"
)
UNKNOWN = _warning("unknown", Xl.SILENT, "no option of this name is documented")
VERSION = _warning("version", Xl.SILENT, "the option is of a later Xen than the one asked for")
DUPLICATE = _warning("duplicate", Xl.SILENT, "an option is given twice: only the last counts")
GUEST = _warning("guest", Xl.SILENT, "the option has no effect on this type of guest")
PLATFORM = _warning("platform", Xl.SILENT, "the option exists for another architecture")
OBSOLETE = _warning("obsolete", Xl.SILENT, "a form that the manual calls deprecated")
WARNED = _warning("warned", Xl.WARNS, "a form that `xl` itself warns of")
NO_EFFECT = _warning("no-effect", Xl.SILENT, "what is written is not used")

ALL: tuple[Rule, ...] = (
    SYNTAX,
    STRING,
    ESCAPE,
    COMMENT,
    ADDITION,
    LAST,
    NUL,
    NESTING,
    SIZE,
    LOST_ESCAPE,
    ENCODING,
    MISSING,
    VALUE,
    SPEC,
    CONFLICT,
    GUEST_ERROR,
    CRASH,
    SPEC_INCOMPLETE,
    NO_CPU,
    WRONG_TYPE,
    NUMBER,
    ADDED_NUMBER,
    SPEC_IGNORED,
    RANGE,
    QUIET,
    SPEC_RANGE,
    CLASH,
    LIST_ITEM,
    ABBREVIATED,
    SPEC_VERSION,
    UNKNOWN,
    VERSION,
    DUPLICATE,
    GUEST,
    PLATFORM,
    OBSOLETE,
    WARNED,
    NO_EFFECT,
)
"""Every rule, in the order of the manual."""

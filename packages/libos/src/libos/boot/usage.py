"""The table of boot arguments that `--help` shows."""

from __future__ import annotations

from textwrap import wrap

TYPE_CHECKING = False

if TYPE_CHECKING:
    from libos.boot.arguments import Argument

WIDTH = 79
"""The columns that are used; a console has 80, and wraps where the last one is taken."""

_INDENT = 2
_DEEPEST = 28
_COMMON = (
    ("    --backtrace", "show the whole traceback of an error"),
    ("-h, --help", "show this table"),
)


def usage(declared: tuple[Argument, ...]) -> str:
    """`usage(declared)` is the arguments with their meaning, those of a group together."""
    short = {argument.short for argument in declared}
    names = {argument.name for argument in declared}
    rows = [(argument.group or "", (_form(argument), _meaning(argument))) for argument in declared]
    rows += [
        ("", (form.replace("-h, ", "    ") if "h" in short else form, meaning))
        for form, meaning in _COMMON
        if form.rpartition("--")[2] not in names
    ]
    forms = [len(form) for _, (form, _) in rows if len(form) <= _DEEPEST]
    column = _INDENT + max(forms, default=_DEEPEST) + 2
    lines = []
    for group in sorted({group for group, _ in rows}):
        lines += ["", f"{group}:"] if group else ["boot arguments:"]
        for row in (row for name, row in rows if name == group):
            lines += _lines(row, column)
    return "\n".join(lines)


def _form(argument: Argument) -> str:
    short = f"-{argument.short}, " if argument.short else "    "
    return f"{short}{argument.form}"


def _meaning(argument: Argument) -> str:
    notes = []
    if argument.required:
        notes.append("required")
    if argument.repeated:
        notes.append("may be given many times")
    if argument.default not in (None, "", ()):
        default = argument.default
        notes.append(f"default: {default if isinstance(default, str) else ' '.join(default or ())}")
    return f"{argument.doc} [{'; '.join(notes)}]".strip() if notes else argument.doc


def _lines(row: tuple[str, str], column: int) -> list[str]:
    form, meaning = row
    text = wrap(meaning, WIDTH - column, break_on_hyphens=False) or [""]
    head = " " * _INDENT + form
    if len(head) + 2 > column:
        return [head, *(" " * column + line for line in text)]
    first, *rest = text
    return [f"{head:<{column}}{first}".rstrip(), *(" " * column + line for line in rest)]

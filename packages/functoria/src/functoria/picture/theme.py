"""Colours, for paper and for the dark, and the style sheet of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for. `hues` mark the types of devices."""

    page: str
    box: str
    job: str
    choice: str
    pill: str
    border: str
    ink: str
    faint: str
    line: str
    accent: str
    taken: str
    dead: str
    dead_line: str
    hues: tuple[str, ...]


LIGHT = Theme(
    page="#fbfcfd",
    box="#ffffff",
    job="#eef4ff",
    choice="#fff8e6",
    pill="#eff2f5",
    border="#ccd3db",
    ink="#1c2228",
    faint="#5c6670",
    line="#7d8894",
    accent="#0a58ca",
    taken="#8a5200",
    dead="#667079",
    dead_line="#b3bcc6",
    hues=(
        "#2f7fd6", "#2da160", "#c2563b", "#8a5cd0", "#c08a12", "#1c9aa6", "#c7478f", "#6b7f2a",
    ),
)  # fmt: skip
"""On white."""

DARK = Theme(
    page="#0f141a",
    box="#171e26",
    job="#16263f",
    choice="#2b2413",
    pill="#25303b",
    border="#3b4652",
    ink="#eef2f6",
    faint="#9ba6b2",
    line="#75818d",
    accent="#7ab0ff",
    taken="#f0b95a",
    dead="#8b95a0",
    dead_line="#4a5561",
    hues=(
        "#4c9bf0", "#45bd7c", "#e0775b", "#a98aec", "#dba93a", "#3fb9c5", "#e072b0", "#9db553",
    ),
)  # fmt: skip
"""On black."""

SANS = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'
"""Fonts of text, none wider than the one that text is measured with."""
MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace'
"""Fonts of code."""


def style_sheet() -> str:
    """`style_sheet()` is the CSS of pictures; every rule is below the class `picture`."""
    dark = _colours(DARK).replace("\n", "\n  ")
    return f"{_SHAPES}{_colours(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n  {dark}\n}}\n"


_FAINT = ("code", "name", "foot", "unset", "label", "type")

_SHAPES = f"""\
.picture text {{ font-family: {SANS}; font-size: 11px; }}
.picture .heading {{ font-size: 16px; font-weight: 600; }}
.picture .title {{ font-size: 14px; font-weight: 600; }}
.picture .code, .picture .name, .picture .value, .picture .chosen, .picture .label, \
.picture .taken {{ font-family: {MONO}; font-size: 10.5px; }}
.picture .chosen, .picture .taken {{ font-weight: 600; }}
.picture .unset {{ font-style: italic; }}
.picture .edge path {{ fill: none; stroke-width: 1.5; }}
.picture .edge.keyword path {{ stroke-dasharray: 8 3; }}
.picture .edge.after path {{ stroke-dasharray: 2 3; }}
.picture .edge.dead path {{ stroke-width: 1.2; stroke-dasharray: 4 4; }}
.picture .edge .head {{ stroke: none; }}
.picture .card {{ stroke-width: 1; }}
.picture .job .card {{ stroke-width: 1.5; }}
.picture .dead .card {{ stroke-dasharray: 4 3; }}
"""


def _colours(theme: Theme) -> str:
    rules = [
        (".page", "fill", theme.page),
        (".card", "fill", theme.box),
        (".card", "stroke", theme.border),
        (".job .card", "fill", theme.job),
        (".job .card", "stroke", theme.accent),
        (".job .stripe", "fill", theme.accent),
        (".choice .card", "fill", theme.choice),
        (".choice .card", "stroke", theme.taken),
        *((f".hue{n} .stripe", "fill", hue) for n, hue in enumerate(theme.hues)),
        (".cell", "fill", "none"),
        (".cell", "stroke", theme.border),
        (".cell.taken", "fill", theme.taken),
        (".pill", "fill", theme.pill),
        (".rule", "fill", theme.pill),
        ("text", "fill", theme.ink),
        *((f".{name}", "fill", theme.faint) for name in _FAINT),
        (".chosen", "fill", theme.accent),
        ("text.taken", "fill", theme.choice),
        (".edge path", "stroke", theme.line),
        (".edge .head", "fill", theme.line),
        (".edge.taken path", "stroke", theme.taken),
        (".edge.taken .head", "fill", theme.taken),
        (".dead .card", "fill", theme.page),
        (".dead .card", "stroke", theme.dead_line),
        (".dead text", "fill", theme.dead),
        (".dead .stripe", "fill", theme.border),
        (".edge.dead path", "stroke", theme.dead_line),
        (".edge.dead .head", "fill", theme.dead_line),
    ]
    return "\n".join(f".picture {what} {{ {name}: {value}; }}" for what, name, value in rules)

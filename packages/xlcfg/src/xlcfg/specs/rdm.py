"""Reserved device memory: `rdm` in xl.cfg(5). `xl` ignores the option where it is wrong."""

from __future__ import annotations

from xlcfg.rules import SPEC_IGNORED
from xlcfg.specs.keys import Grammar, Key, Style
from xlcfg.specs.words import Word

RDM = Grammar(
    "an rdm reservation",
    (
        Key("strategy", Word(("host",), SPEC_IGNORED, fold=False)),
        Key("policy", Word(("strict", "relaxed"), SPEC_IGNORED, fold=False)),
    ),
    Style.PREFIX,
    SPEC_IGNORED,
)

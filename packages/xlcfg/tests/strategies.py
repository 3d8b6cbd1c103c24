"""Configurations as hypothesis makes them: every form of the language, in every layout."""

from __future__ import annotations

from hypothesis import HealthCheck
from hypothesis import settings as configured
from hypothesis import strategies as st

from xlcfg import (
    Block,
    Disk,
    Document,
    Domain,
    Guest,
    Item,
    List,
    Network,
    Operator,
    Setting,
    String,
    Vif,
)
from xlcfg.quoting import quote
from xlcfg.specs import vdev

LAW = configured(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip
"""How laws are tried: the same examples each time, however slow the machine."""

blanks = st.sampled_from(["", "", " ", "\t", "  "])
comments = st.sampled_from(["#\n", "# a comment\n", "#'\"[];=\n", "# caf\u00e9\n"])
gaps = st.lists(st.sampled_from([" ", "\t", "\n", "# in a list\n"]), max_size=3).map("".join)
leads = st.lists(st.sampled_from([" ", "\n", ";", "# above\n"]), max_size=4).map("".join)
ends = st.builds(lambda blank, end: blank + end, blanks, comments | st.sampled_from(["\n", ";"]))

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("'\"\\\n\t#,= "),
    max_size=12,
)
numbers = st.sampled_from(["0", "1", "256", "0x1f", "017", "9fa"])
names = st.sampled_from(["name", "memory", "disk", "vif", "a", "x9_", "vif.default.bridge"])


def single(text: str) -> str:
    """A text in single quotes, without escapes."""
    return "'" + "".join(char for char in text if char not in "'\\\n") + "'"


strings = st.builds(String, numbers | texts.map(quote) | texts.map(single))


def _listed(values: st.SearchStrategy[String | List]) -> st.SearchStrategy[List]:
    @st.composite
    def build(draw: st.DrawFn) -> List:
        parts = draw(st.lists(values, max_size=4))
        last_comma = draw(st.booleans())
        items = tuple(
            Item(draw(gaps), part, draw(gaps), comma=last_comma or number < len(parts) - 1)
            for number, part in enumerate(parts)
        )
        return List(items, draw(gaps) if last_comma or not items else "")

    return build()


values = st.recursive(strings, _listed, max_leaves=8)
settings = st.builds(
    Setting, leads, names, blanks, st.just(Operator.SET), blanks, values, ends
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any configuration, in any layout; the last line may lack its newline."""
    found = draw(st.lists(settings, max_size=6))
    if not found or draw(st.booleans()):
        return Document(tuple(found), draw(leads))
    last = found[-1]
    ended = Setting(
        last.lead, last.name, last.before, last.operator, last.after, last.value, draw(blanks)
    )
    return Document((*found[:-1], ended))


@st.composite
def sums(draw: st.DrawFn) -> Document:
    """A configuration in which `+=` adds to lists and to strings."""
    kinds = {name: draw(st.sampled_from([strings, _listed(strings)])) for name in ("a", "b", "c")}
    found = []
    for name in draw(st.lists(st.sampled_from(sorted(kinds)), max_size=8)):
        operator = draw(st.sampled_from(Operator))
        found.append(Setting("", name, " ", operator, " ", draw(kinds[name]), "\n"))  # type: ignore[arg-type]
    return Document(tuple(found))


said = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
words = st.text("abcxyz019-", min_size=1, max_size=8)
vdevs = st.integers(0, 800).map(vdev.name)
paths = words.map(lambda word: f"/dev/vg/{word}")


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    """A guest with any texts for its name, files and arguments."""
    blocks = draw(st.lists(st.builds(Block, words, st.builds(Disk, paths, vdevs)), max_size=5))
    nets = draw(st.lists(st.builds(Network, words, st.builds(Vif, bridge=words)), max_size=5))
    return Domain(
        name=draw(said),
        type=draw(st.sampled_from(Guest)),
        kernel=draw(said),
        memory=draw(st.integers(1, 10**6)),
        ramdisk=draw(st.none() | said),
        cmdline=draw(st.none() | said),
        arguments=draw(st.none() | said),
        blocks=tuple({block.name: block for block in blocks}.values()),
        networks=tuple({net.name: net for net in nets}.values()),
    )

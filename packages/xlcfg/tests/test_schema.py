"""The schema: every option that the manual documents, and every option that xl reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xlcfg.schema import BY_NAME, OPTIONS
from xlcfg.schema.kinds import Boolean, Choice, Integer, Listed, Spec, Text
from xlcfg.schema.option import NEWEST, OLDEST, Guest

from .oracle import packages, xl

HEADING = re.compile(r'\.(SH|SS|IX Subsection|IX Item) "(.*)"')
OF_THE_HOST = {
    "autoballoon", "blkdev_start", "claim_mode", "defaultbridge", "domid_policy", "lockfile",
    "output_format", "run_hotplug_scripts", "vifscript",
}  # fmt: skip
"""What xl reads from xl.conf(5) with the same parser."""

SPLIT = {"firmware": "Non direct Kernel Boot"}
"""Options with a subsection for each type of guest, named here by the one around them."""


def plain(heading: str) -> str:
    """A heading without the marks of groff."""
    return re.sub(r"\\s-?[0-9]", "", heading)


def documented() -> dict[str, str]:
    """Each option of the manual and the first section that documents it."""
    found: dict[str, str] = {}
    section = subsection = ""
    depth = 0
    for line in packages.manual("xl.cfg.5").splitlines():
        depth += line.startswith(".RS") - line.startswith(".RE")
        match = HEADING.fullmatch(line)
        if match is None:
            continue
        kind, text = match[1], plain(match[2])
        if kind in ("SH", "SS"):
            section, subsection, depth = text, "", 0
        elif kind == "IX Subsection":
            subsection = "" if text == section else text
        elif depth == 0:
            for name in re.findall(r"(?:^| or )([a-z][a-z0-9_]*)=", text):
                found.setdefault(name, f"{section}, {subsection}" if subsection else section)
    return found


@pytest.mark.e2e
def test_every_option_of_the_manual_is_in_the_schema_and_in_its_section() -> None:
    manual = documented()
    assert len(manual) > 140
    ours = {option.name: option.section for option in OPTIONS if option.since == OLDEST}
    assert manual.keys() - ours.keys() == set()
    undocumented = {name for name, section in ours.items() if not section}
    assert ours.keys() - manual.keys() == undocumented
    for name, section in manual.items():
        if name not in SPLIT:
            assert ours[name] == section, name


@pytest.mark.e2e
@pytest.mark.parametrize("guest", Guest)
def test_xl_asks_for_the_options_of_the_schema_and_no_others(guest: Guest, tmp_path: Path) -> None:
    """xl itself tells the names that it looks for, for each type of guest."""
    log = tmp_path / "asks"
    assert not xl.create(f'name="a"\nkernel="/k"\ntype="{guest.value}"\nvnc=1\n', log).refused
    asked = {name for name in log.read_text().split() if "." not in name} - OF_THE_HOST
    ours = {option.name for option in OPTIONS if guest in option.guests and option.since == OLDEST}
    assert asked == ours


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("xl-network-configuration.5", {"mac", "bridge", "gatewaydev", "type", "model", "vifname",
         "script", "ip", "backend", "rate", "devid", "mtu"}),
    ],
)  # fmt: skip
def test_every_key_of_a_network_interface_is_known(page: str, keys: set[str]) -> None:
    from xlcfg.specs.vif import GRAMMAR

    headings = re.findall(r'\.SS "([a-z]+)"', packages.manual(page))
    assert keys <= set(headings)
    assert set(headings) <= {key.name for key in GRAMMAR.keys} | {"trusted / untrusted"}


@pytest.mark.e2e
def test_every_key_of_a_disk_is_known() -> None:
    from xlcfg.specs.disk_words import FLAGS, KEYS

    text = packages.manual("xl-disk-configuration.5")
    items = re.findall(r'\.IX Item "([a-z-]+)(?:=[A-Z-]+)?(?: / ([a-z-]+))?"', text)
    words = {word for pair in items for word in pair if word}
    known = {"target", "format", "vdev", "access", "devtype", "cdrom", *KEYS, *FLAGS}
    assert words - {"deprecated-prefix"} <= known
    assert len(words) > 15


def test_names_are_unique_and_sections_are_told() -> None:
    assert len(OPTIONS) == len(BY_NAME)
    for option in OPTIONS:
        assert option.guests
        assert OLDEST <= option.since <= NEWEST
        assert option.reference.startswith("xl.cfg(5), ")


def test_what_later_versions_add() -> None:
    later = {option.name: option.since for option in OPTIONS if option.since > OLDEST}
    assert later == {
        "virtio": (4, 18),
        "sve": (4, 18),
        "smbios": (4, 18),
        "nr_spis": (4, 20),
        "llc_colors": (4, 20),
    }


def test_kinds() -> None:
    assert BY_NAME["name"].kind == Text()
    assert isinstance(BY_NAME["vcpus"].kind, Integer)
    assert isinstance(BY_NAME["hap"].kind, Boolean)
    assert isinstance(BY_NAME["on_crash"].kind, Choice)
    assert isinstance(BY_NAME["uuid"].kind, Spec)
    assert isinstance(BY_NAME["disk"].kind, Listed)

"""What `check` says: one example for each rule, with its place and its page of the manual."""

from __future__ import annotations

import pytest

from xlcfg import Severity, check, check_text, parse
from xlcfg.rules import ALL

HEAD = 'name = "web"\nkernel = "/boot/web"\n'

EXAMPLES = [
    ("syntax", "memory = yes\n", "3:10", "xl.cfg(5), SYNTAX"),
    ("string", 'extra = "quiet\n', "3:9", "xl.cfg(5), SYNTAX"),
    ("escape", 'extra = "\\x41"\n', "3:10", "xl.cfg(5), SYNTAX"),
    ("comment", "memory = 64\n# the end", "4:1", "xl.cfg(5), SYNTAX"),
    ("addition", 'vif = ["bridge=a"]\nvif += "bridge=b"\n', "4:8", "xl.cfg(5), SYNTAX"),
    ("last", "memory = 64$", "3:12", "xl.cfg(5), SYNTAX"),
    ("nul", "# \0\n", "3:3", "xl.cfg(5), SYNTAX"),
    ("nesting", "vsnd = " + "[" * 65 + "]" * 65 + "\n", "3:72", "xl.cfg(5), SYNTAX"),
    ("lost-escape", 'extra = "\\101"\n', "3:10", "xl.cfg(5), SYNTAX"),
    ("encoding", "# caf\udce9\n", "3:6", "xl.cfg(5), SYNTAX"),
    ("value", 'on_crash = "reboot"\n', "3:12", "xl.cfg(5), General Options, Event Actions"),
    ("spec", 'disk = ["/x,raw,xvda,rx"]\n', "3:22", "xl-disk-configuration(5)"),
    (
        "conflict",
        "vcpus = 4\nmaxvcpus = 2\n",
        "4:12",
        "xl.cfg(5), General Options, CPU Allocation",
    ),
    (
        "guest-error",
        'timer_mode = "delay_for_missed_ticks"\n',
        "3:14",
        "xl.cfg(5), Fully-virtualised (HVM) Guest Specific Options, Guest Virtual Time Controls",
    ),
    (
        "crash",
        'bootloader_args = ""\n',
        "3:19",
        "xl.cfg(5), Paravirtualised (PV) Guest Specific Options",
    ),
    ("spec-incomplete", 'p9 = ["tag=a,path=/x"]\n', "3:8", "xl.cfg(5), Devices"),
    ("no-cpu", 'cpus = "1,^1"\n', "3:9", "xl.cfg(5), General Options, CPU Allocation"),
    ("wrong-type", 'vif = "bridge=xenbr0"\n', "3:7", "xl.cfg(5), Devices"),
    ("number", 'memory = "64M"\n', "3:10", "xl.cfg(5), General Options, Memory Allocation"),
    ("added-number", "memory += 64\n", "3:11", "xl.cfg(5), General Options, Memory Allocation"),
    ("spec-ignored", 'vif = ["bridg=xenbr0"]\n', "3:9", "xl-network-configuration(5)"),
    ("range", "vcpus = 0\n", "3:9", "xl.cfg(5), General Options, CPU Allocation"),
    ("quiet", "tee = [1]\n", "3:7", "xl.cfg(5), Devices"),
    (
        "spec-range",
        'vif = ["bridge=a-bridge-too-far"]\n',
        "3:16",
        "xl-network-configuration(5)",
    ),
    (
        "clash",
        'disk = ["/a,raw,xvda", "/b,raw,xvda"]\n',
        "3:24",
        "xl-disk-configuration(5)",
    ),
    ("list-item", 'disk = [["/a,raw,xvda"]]\n', "3:9", "xl.cfg(5), Devices"),
    ("abbreviated", 'type = "p"\n', "3:8", "xl.cfg(5), Selecting Guest Type"),
    (
        "spec-version",
        'disk = ["/a,raw,xvda,rw,trusted"]\n',
        "3:25",
        "xl-disk-configuration(5)",
    ),
    ("unknown", "memroy = 64\n", "3:1", "xl.cfg(5), OPTIONS"),
    ("version", 'virtio = ["type=virtio,device22"]\n', "3:1", "xl.cfg(5), Devices"),
    ("duplicate", "memory = 64\nmemory = 65\n", "3:1", "xl.cfg(5), SYNTAX"),
    (
        "guest",
        "hpet = 1\n",
        "3:1",
        "xl.cfg(5), Fully-virtualised (HVM) Guest Specific Options,"
        " Processor and Platform Features",
    ),
    ("platform", "vpmu = 1\n", "3:1", "xl.cfg(5), General Options, Other Options"),
    ("obsolete", 'disk = ["phy:/dev/a,xvda,w"]\n', "3:10", "xl-disk-configuration(5)"),
    (
        "warned",
        'cmdline = "a"\nextra = "b"\n',
        "4:9",
        "xl.cfg(5), General Options, Direct Kernel Boot",
    ),
    ("no-effect", 'extra += "a"\n', "3:1", "xl.cfg(5), SYNTAX"),
]
"""A rule, what breaks it below the head, where, and the page that it rests on."""


@pytest.mark.parametrize(("rule", "text", "at", "page"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_each_rule(rule: str, text: str, at: str, page: str) -> None:
    found = check_text(HEAD + text, (4, 17))
    first = next(item for item in found if item.rule.name == rule)
    assert (str(first.at), first.section) == (at, page)
    assert first.what[0] == first.what[0].lower()
    assert not first.what.endswith(".")
    assert first.do


def test_every_rule_has_an_example() -> None:
    shown = {rule for rule, *_ in EXAMPLES} | {"missing", "size"}
    assert shown == {rule.name for rule in ALL}


def test_a_guest_needs_a_name_and_something_to_boot() -> None:
    missing = [item.what for item in check_text("memory = 64\n")]
    assert missing == [
        "the configuration has no `name`",
        "the configuration has no `kernel`",
    ]
    assert check_text('name = "a"\ntype = "hvm"\n') == []
    assert check_text('name = "a"\nbootloader = "pygrub"\n') == []


def test_a_good_configuration_has_nothing_to_be_said_about() -> None:
    text = HEAD + 'type = "pvh"\nmemory = 64\nvif = ["bridge=xenbr0"]\non_crash = "preserve"\n'
    assert check_text(text) == []


def test_a_finding_is_one_line_that_says_where_what_and_what_to_do() -> None:
    (found,) = check(parse(HEAD + 'memory = "64M"\n'))
    assert found.show("web.xl") == (
        "web.xl:3:10: error: `memory` is no number but `64M`; write digits only: the unit is fixed"
        " [number; xl.cfg(5), General Options, Memory Allocation]"
    )
    assert found.severity is Severity.ERROR


def test_places_inside_strings_are_those_of_the_text() -> None:
    text = HEAD + 'disk = [ \'/x,raw,xvda\',\n  "/\\"y\\",bad,xvdb" ]\n'
    (found,) = check_text(text)
    assert text.split("\n")[found.at.line - 1][found.at.column - 1 :].startswith("bad")


def test_places_in_sums_are_those_of_the_part() -> None:
    text = HEAD + 'cpus = "0-3,"\ncpus += "x"\n'
    (found,) = check_text(text)
    assert str(found.at) == "4:10"


def test_an_unknown_option_brings_the_nearest() -> None:
    (found,) = check_text(HEAD + "ramdsik = 1\n")
    assert found.do == "did you mean `ramdisk`?"


def test_the_old_builder_of_linux_guests_is_told_what_to_write() -> None:
    found = check_text(HEAD + "builder = 'linux'\n")
    assert found[-1].do == 'remove it and write `type = "pv"` or `type = "pvh"`'


def test_options_of_later_versions_are_checked_for_those() -> None:
    text = HEAD + 'virtio = ["backend=0"]\n'
    assert [item.rule.name for item in check_text(text, (4, 17))] == ["version"]
    assert [item.rule.name for item in check_text(text, (4, 18))] == ["spec"]
    shares = HEAD + 'p9 = ["tag=a,security_model=none,path=/x,max-files=3"]\n'
    assert [item.rule.name for item in check_text(shares, (4, 17))] == ["spec"]
    assert check_text(shares, (4, 19)) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("type='hvm'\nbuilder='generic'\n", "`builder` means pv and `type` hvm"),
        ("memory=64\nmaxmem=32\n", "`maxmem` is 32, `memory` 64"),
        ("firmware='pvgrub64'\n", "`firmware` and `kernel` are both given"),
        ("vnuma=[['pnode=0']]\n", "a virtual node has no size, vcpus, vdistances"),
        (
            "maxvcpus=3\nvnuma=[['pnode=0','size=1','vcpus=0-1','vdistances=10']]\n",
            "`vnuma` has 2 vCPUs",
        ),
        (
            "type='hvm'\nvnclisten='0.0.0.0:1'\nvncdisplay=2\n",
            "the display is given in `vnclisten` and in `vncdisplay`",
        ),
        (
            "vif=['mac=00:16:3e:00:00:01','mac=00:16:3E:00:00:01']\n",
            "`00:16:3e:00:00:01` is also that of the vif in line 3",
        ),
        ("device_model_override='/x'\n", "`device_model_override` is given without"
         " `device_model_version`"),
        ("cpus=['0','1']\nvcpus=1\n", "`cpus` has more items than the guest has vCPUs"),
        ("tsc_mode=2\n", "`tsc_mode` is a number, which is deprecated"),
        ("mmio_hole=10\ntype='hvm'\n", "`mmio_hole` cannot be 10"),
    ],
)  # fmt: skip
def test_what_several_options_tell(text: str, what: str) -> None:
    assert what in [item.what for item in check_text(HEAD + text)]

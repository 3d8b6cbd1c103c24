"""Input that means harm: told with line and column, in bounded time and memory."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcfg import XlcfgError, check_text, fill, from_libvirt, parse, parse_all, render, values
from xlcfg.check.report import MAX_FINDINGS
from xlcfg.parser import MAX_DEPTH, MAX_LENGTH, MAX_PROBLEMS
from xlcfg.specs import cpus, disk, pci, vif

from .strategies import LAW

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("data", "at", "rule"),
    [
        (b"a=" + b"[" * 100_000, "1:67", "nesting"),
        (b"a=" + b"[" * 100_000 + b"]" * 100_000 + b"\n", "1:67", "nesting"),
        (b"x" * MEGABYTE, f"1:{MEGABYTE + 1}", "syntax"),
        (b'a="' + b"x" * MEGABYTE, "1:3", "string"),
        (b"'\\" * MEGABYTE, "1:1", "string"),
        (b"#" + b"x" * MEGABYTE, "1:1", "comment"),
        (b"a=1\n\0b=2\n", "2:1", "nul"),
        (b"# \0\n", "1:3", "nul"),
        (b"caf\xe9=1\n", "1:4", "encoding"),
        (b"\xef\xbb\xbfa=1\n", "1:1", "syntax"),
        (b"\xff\xfea\0=\0", "1:1", "encoding"),
        (b"a='" + b"\\x" * 1000 + b"'\n", "1:4", "escape"),
    ],
)
def test_hostile_bytes(data: bytes, at: str, rule: str) -> None:
    began = time.process_time()
    found = check_text(data)
    assert time.process_time() - began < 5
    assert (str(found[0].at), found[0].rule.name) == (at, rule)
    assert len(found) <= MAX_PROBLEMS + 1
    assert all(len(item.what) < 500 for item in found)


def test_nesting_up_to_the_bound_is_read() -> None:
    text = "a=" + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "\n"
    assert render(parse(text)) == text


def test_a_text_beyond_the_bound_is_refused_before_it_is_read() -> None:
    found = check_text(" " * (MAX_LENGTH + 1))
    assert [item.rule.name for item in found] == ["size"]


def test_a_long_line_that_is_good_is_read_in_time_and_memory() -> None:
    text = "a=[" + "'0123456789'," * (MEGABYTE // 13) + "]\n"
    tracemalloc.start()
    began = time.process_time()
    document = parse(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(document.settings[0].value.items) == MEGABYTE // 13  # type: ignore[union-attr]
    assert time.process_time() - began < 20
    assert peak < 200 * MEGABYTE


def test_a_long_sum_takes_linear_time() -> None:
    text = "a+='0123456789'\n" * 50_000
    began = time.process_time()
    assert len(str(values(parse(text))["a"])) == 500_000
    check_text(text)
    assert time.process_time() - began < 20


def test_findings_are_bounded() -> None:
    text = 'name="a"\nkernel="k"\nvif=[' + "'x=1'," * 10_000 + "]\n"
    assert len(check_text(text)) <= MAX_FINDINGS


@pytest.mark.parametrize("reader", [disk.flaws, vif.flaws, pci.flaws, cpus.flaws])
@pytest.mark.parametrize(
    "piece",
    ["x", ",", "=", "a=", ":", "0", "vdev=x,", "-", "1-2,", " ", "@", "all,", "x=1,", "mac=,"],
)
def test_small_languages_take_linear_time(reader: object, piece: str) -> None:
    began = time.process_time()
    reader(piece * (MEGABYTE // 2 // len(piece)))  # type: ignore[operator]
    assert time.process_time() - began < 10


def test_findings_in_a_long_sum_take_linear_time() -> None:
    text = 'name="a"\nkernel="k"\nrdm=""\n' + 'rdm+="\\n=x,"\n' * 20_000
    began = time.process_time()
    assert len(check_text(text)) >= 100
    assert time.process_time() - began < 10


def test_what_a_terminal_would_act_on_is_shown() -> None:
    found = check_text('name="a"\nkernel="k"\non_crash="\x1b[2J\u202e\udce9"\n')[0]
    assert "`on_crash` cannot be `\\x1b[2J\\u202e\\xe9`" in found.show("guest\n.xl")
    assert found.show("guest\n.xl").isprintable()


@LAW
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    document, problems = parse_all(data)
    if not problems:
        assert render(document).encode("utf-8", "surrogateescape") == data
    check_text(data)


@LAW
@given(st.text(max_size=60))
def test_any_text_in_a_small_language_is_read_or_refused(text: str) -> None:
    for reader in (disk.flaws, vif.flaws, pci.flaws, cpus.flaws):
        for flaw in reader(text):
            assert 0 <= flaw.offset <= len(text)
            assert flaw.what
            assert flaw.do


@LAW
@given(st.text(st.sampled_from("@NAMEBLOCK:x'\"\\= \n#1"), max_size=40))
def test_any_template_is_filled_or_refused(text: str) -> None:
    with contextlib.suppress(XlcfgError):
        parse(fill(text, {"NAME": "x"}))


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<domain",
        "<domain type='kvm'><name>x</name></domain>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><domain type='xen'><name>&b;</name></domain>",
        "<domain type='xen'/>",
        "<domain type='xen'><name>x</name><memory>1e9</memory></domain>",
        "<domain type='xen'><name>x</name><memory unit='pages'>1</memory></domain>",
        "<domain type='xen'><name>x</name><vcpu>\u0663</vcpu></domain>",
        "<domain type='xen'><name>x</name><os><type>exe</type></os></domain>",
        "<a>" * 1000,
        "<domain type='xen'><name>x</name><devices><disk/></devices></domain>",
    ],
)
def test_hostile_xml(xml: str) -> None:
    with pytest.raises(XlcfgError):
        from_libvirt(xml)


TAGS = [
    "domain", "name", "uuid", "memory", "currentMemory", "vcpu", "os", "type", "kernel",
    "cmdline", "boot", "bootloader_args", "features", "acpi", "devices", "disk", "driver",
    "source", "target", "readonly", "interface", "mac", "ip", "model", "mtu", "console",
]  # fmt: skip
ATTRIBUTES = [
    "type", "unit", "device", "dev", "file", "bus", "address", "bridge", "path", "size",
    "current", "cpuset", "machine",
]  # fmt: skip
WORDS = ["", "xen", "hvm", "linux", "1", "KiB", "cdrom", "xvda", "/x", "a,b", "00:16:3e:00:00:01"]
attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(WORDS), max_size=3)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    tag = draw(st.sampled_from(TAGS))
    said = "".join(f" {key}='{value}'" for key, value in draw(attributes).items())
    inner = draw(st.lists(elements(depth - 1), max_size=3)) if depth else []
    return f"<{tag}{said}>{draw(st.sampled_from(WORDS))}{''.join(inner)}</{tag}>"


@LAW
@given(st.lists(elements(), max_size=4).map("".join))
def test_any_domain_of_libvirt_is_read_or_refused(inner: str) -> None:
    xml = f"<domain type='xen'><name>x</name>{inner}</domain>"
    with contextlib.suppress(XlcfgError):
        document, _ = from_libvirt(xml)
        assert parse(render(document)) == document

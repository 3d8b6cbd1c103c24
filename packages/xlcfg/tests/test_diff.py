"""What changed, for xl."""

from __future__ import annotations

from hypothesis import given

from xlcfg import Change, Document, diff, fmt, parse

from .strategies import LAW, documents

OLD = 'name = "a"\nmemory = 64\ndisk = ["/x,raw,xvda", "/y,raw,xvdb"]\nacpi = 1\n'


def changes(new: str, old: str = OLD) -> list[str]:
    return [str(change) for change in diff(parse(old), parse(new))]


def test_layout_and_spelling_make_no_difference() -> None:
    new = """\
acpi=2; memory=0x40 # the same
disk=[ "format=raw, vdev=xvda, access=rw, target=/x",
       'raw:/y,xvdb,w' ]
name='a'
"""
    assert changes(new) == []


def test_values_make_a_difference() -> None:
    assert changes(OLD.replace("64", "65")) == ['- memory = "64"\n+ memory = "65"']
    assert changes(OLD.replace("name", "pool")) == ['- name = "a"', '+ pool = "a"']
    assert changes(OLD.replace("/y", "/z")) == [
        '  disk\n-    "/y,raw,xvdb"\n+    "/z,raw,xvdb"',
    ]


def test_the_order_of_devices_makes_a_difference() -> None:
    swapped = OLD.replace("/x,raw,xvda", "T").replace("/y,raw,xvdb", "/x,raw,xvda")
    (change,) = diff(parse(OLD), parse(swapped.replace("T", "/y,raw,xvdb")))
    assert change.name == "disk"
    assert len(str(change).splitlines()) == 3


def test_a_change_holds_both_values() -> None:
    assert diff(parse("a=1\n"), parse("a=[2]\n")) == [Change("a", "1", ["2"])]
    assert str(Change("a", "1", ["2"])) == '- a = "1"\n+ a = ["2"]'


@LAW
@given(documents())
def test_formatting_is_no_change(document: Document) -> None:
    assert diff(document, parse(fmt(document))) == []
    assert diff(document, document) == []


@LAW
@given(documents(), documents())
def test_a_diff_is_the_other_one_backwards(old: Document, new: Document) -> None:
    back = [Change(change.name, change.new, change.old) for change in diff(new, old)]
    assert diff(old, new) == back

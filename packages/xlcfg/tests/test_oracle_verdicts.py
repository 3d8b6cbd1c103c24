"""`check` and xl's own verdict on the same configurations, and the values that both read.

The real thing is the `xl` of Debian's package, `xl -N create -n`, off Xen behind a shim.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from xlcfg import Severity, check_text, parse
from xlcfg.rules import Xl
from xlcfg.schema.option import OLDEST
from xlcfg.text import decode

from .configurations import SPECS, configurations
from .conftest import CORPUS
from .oracle import packages, xl
from .oracle.expected import at, expected

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def compare(text: str | bytes) -> xl.Verdict:
    """Hold our findings against xl's verdict, and our values against xl's."""
    found = check_text(text, OLDEST)
    theirs = xl.create(text)
    errors = [item for item in found if item.severity is Severity.ERROR]
    varies = [item for item in found if item.rule.xl is Xl.VARIES]
    told = [item.show("guest.xl") for item in found]
    if theirs.refused:
        assert errors or varies, (text, theirs.complaints)
        return theirs
    rejected = [item for item in errors if item.rule.xl is Xl.REJECTS]
    assert not rejected, (text, told)
    warned = [item for item in found if item.rule.xl is Xl.WARNS]
    assert bool(warned) is bool(theirs.complaints), (text, theirs.complaints, told)
    if not errors:
        same_values(text, theirs)
    return theirs


def same_values(text: str | bytes, theirs: xl.Verdict) -> None:
    """Each value that the library gives a meaning to is the one that xl reads."""
    wanted = expected(parse(text))
    read = {path: at(theirs.domain, path) for path in wanted}
    assert read == wanted, text


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_our_corpus(path: Path) -> None:
    theirs = compare(path.read_bytes())
    assert theirs.refused is path.name.startswith("refused-")
    if not path.name.startswith(("refused-", "warned-")):
        same_values(path.read_bytes(), theirs)


def test_the_examples_of_debian() -> None:
    for path in packages.examples():
        theirs = compare(path.read_bytes())
        assert not theirs.refused
        assert check_text(path.read_bytes()) == []


@settings(max_examples=2500)
@given(configurations())
def test_configurations_of_any_options(text: str) -> None:
    compare(text)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_configurations_about_one_option(name: str) -> None:
    @settings(max_examples=250 if name in ("disk", "vif", "pci") else 60)
    @given(configurations(only=name))
    def run(text: str) -> None:
        compare(text)

    run()


def test_every_disk_alone_and_every_vif_alone() -> None:
    for name in ("disk", "vif", "pci"):
        for spec in SPECS[name]:
            spec_text = spec.replace("\t", "\\t").replace("\n", "\\n")
            compare(f'name="a"\nkernel="/k"\n{name}=["{spec_text}"]\n')


def test_text_that_is_no_utf_8_is_the_same_text() -> None:
    data = b'name="caf\xe9"\nkernel="/\xff"\n'
    theirs = compare(data)
    assert theirs.domain["c_info"]["name"] == decode(b"caf\xe9")

"""`check` and xl's own verdict on the same configurations, and the values that both read.

The real thing is the `xl` of Debian's package, `xl -N create -n`, off Xen behind a shim.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from xlcfg import Domain, Severity, check_text, fmt, parse
from xlcfg.rules import Xl
from xlcfg.schema.option import OLDEST
from xlcfg.text import decode

from .configurations import SPECS, configurations
from .conftest import CORPUS
from .oracle import packages, xl
from .oracle.expected import at, expected
from .strategies import LAW, domains

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


@settings(LAW, max_examples=1500)
@given(configurations())
def test_configurations_of_any_options(text: str) -> None:
    compare(text)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_configurations_about_one_option(name: str) -> None:
    @settings(LAW, max_examples=150 if name in ("disk", "vif", "pci") else 40)
    @given(configurations(only=name))
    def run(text: str) -> None:
        compare(text)

    run()


def test_every_disk_alone_and_every_vif_alone() -> None:
    for name in ("disk", "vif", "pci"):
        for spec in SPECS[name]:
            spec_text = spec.replace("\t", "\\t").replace("\n", "\\n")
            compare(f'name="a"\nkernel="/k"\n{name}=["{spec_text}"]\n')


@settings(LAW, max_examples=200)
@given(domains())
def test_what_a_description_renders_is_what_xl_reads(domain: Domain) -> None:
    text = domain.render()
    theirs = xl.create(text)
    assert not theirs.refused, (text, theirs.complaints)
    assert theirs.complaints == ()
    same_values(text, theirs)
    read = theirs.domain
    assert (read["c_info"]["name"], read["b_info"]["kernel"]) == (domain.name, domain.kernel)
    words = (domain.cmdline, domain.arguments)
    given = " ".join(part for part in words if part is not None)
    assert read["b_info"].get("cmdline", "") == given
    assert read["b_info"]["target_memkb"] == domain.memory * 1024
    targets = [found["pdev_path"] for found in read.get("disks", [])]
    assert targets == [block.disk.target for block in domain.blocks]
    bridges = [found["bridge"] for found in read.get("nics", [])]
    assert bridges == [network.vif.bridge for network in domain.networks]


@settings(LAW, max_examples=200)
@given(configurations())
def test_xl_reads_the_standard_layout_as_it_reads_the_original(text: str) -> None:
    before, after = xl.create(text), xl.create(fmt(parse(text)))
    assert before.code == after.code
    for domain in (before.domain, after.domain):
        domain.get("c_info", {}).pop("uuid", None)
        domain.get("b_info", {}).get("type.hvm", {}).pop("ms_vm_genid", None)
        for device in domain.get("vtpms", []):
            device.pop("uuid", None)
    assert before.domain == after.domain


def test_text_that_is_no_utf_8_is_the_same_text() -> None:
    data = b'name="caf\xe9"\nkernel="/\xff"\n'
    theirs = compare(data)
    assert theirs.domain["c_info"]["name"] == decode(b"caf\xe9")


HEAD = 'name="a"\nkernel="/k"\n'


def b_info(text: str) -> dict[str, object]:
    theirs = xl.create(HEAD + text)
    assert not theirs.refused, theirs.complaints
    found: dict[str, object] = theirs.domain["b_info"]
    return found


def test_what_the_manual_of_this_package_says_that_xl_does() -> None:
    assert xl.create(HEAD + "# no newline").refused
    assert not xl.create(HEAD + "memory=1$").refused
    assert b_info('extra="a"\nextra+="b"\n')["cmdline"] == "ab"
    assert "target_memkb" not in b_info("memory+=64\n")
    assert xl.create(HEAD + 'extra="\\x41"\n').refused
    assert b_info('extra="a\\101b"\n')["cmdline"] == "ab"
    assert b_info("memory=0100\n")["target_memkb"] == 64 * 1024
    assert xl.create(HEAD + 'type="p"\n').domain["c_info"]["type"] == "pv"
    assert xl.create(HEAD + 'type=""\n').domain["c_info"]["type"] == "hvm"
    (nic,) = xl.create(HEAD + 'vif=["rate=1MB/s@20"]\n').domain["nics"]
    assert nic["rate_interval_usecs"] == 20_000_000
    (disk,) = xl.create(HEAD + 'disk=["vdev=xvda,target=/x,"]\n').domain["disks"]
    assert disk["pdev_path"] == "/x"
    assert xl.create(HEAD + 'bootloader_args=""\n').code < 0
    assert xl.create(HEAD + 'channel=[""]\n').code < 0
    assert xl.create(HEAD + 'disk=["/x,raw,xvda,rw,trusted"]\n').refused

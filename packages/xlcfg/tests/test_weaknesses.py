"""What the .xl files that MirageOS generated in 2015 got wrong, one test for each weakness.

They come from mirage#440 and what followed it; the manual of the package lists them, W1 to W10.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from xlcfg import (
    Block,
    Disk,
    Domain,
    Guest,
    Network,
    Vif,
    XlcfgError,
    check_text,
    fill,
    parse,
    render,
    to_libvirt,
    values,
)
from xlcfg.specs import vdev

KERNEL = Domain("www", Guest.PVH, "dist/www.xen", 64)


def test_w1_disks_come_in_declared_order_whatever_the_hash_seed() -> None:
    program = (
        "from xlcfg import *\n"
        "names = ['tls', 'data', 'fs', 'a', 'zz', 'logs']\n"
        "blocks = tuple(Block(n, Disk('/'+n, 'xvd'+c)) for n, c in zip(names, 'bcdefg'))\n"
        "d = Domain('www', Guest.PV, '/k', 8, blocks=blocks)\n"
        "print(d.render() + d.template(), end='')"
    )
    outputs = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    (text,) = outputs
    order = [text.index(f"target=/{name}") for name in ("tls", "data", "fs", "a", "zz", "logs")]
    assert order == sorted(order)


def test_w2_the_first_interface_declared_is_the_first_of_the_guest() -> None:
    networks = tuple(Network(f"n{i}", Vif(bridge=f"xenbr{i}")) for i in range(3))
    guest = replace(KERNEL, networks=networks)
    assert values(guest.document())["vif"] == ["bridge=xenbr0", "bridge=xenbr1", "bridge=xenbr2"]


def test_w3_every_file_names_the_same_kernel() -> None:
    (kernel,) = [element.text for element in root_of(KERNEL).iterfind("os/kernel")]
    assert kernel == values(KERNEL.document())["kernel"] == KERNEL.values()["KERNEL"]


def test_w4_boot_arguments_are_in_the_file() -> None:
    guest = replace(KERNEL, cmdline="--ipv4=10.0.0.2/24 --hello='a b'")
    assert values(guest.document())["cmdline"] == guest.cmdline
    assert "@ARGS@" in guest.template()
    assert guest.cmdline in "".join(root_of(guest).itertext())


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "back\\slash", "tab\tnew\nline", "[x]", "#"])
def test_w5_values_are_quoted(name: str) -> None:
    guest = replace(KERNEL, name=name, cmdline=name, memory=7, vcpus=3)
    again = values(parse(guest.render()))
    assert (again["name"], again["cmdline"]) == (name, name)
    assert (again["memory"], again["vcpus"]) == ("7", "3")
    assert fill(guest.template(), guest.values()) == guest.render()


def test_w6_a_generated_file_can_be_read_back_and_edited() -> None:
    text = replace(KERNEL, blocks=(Block("fs", Disk("/fs", "xvdb")),)).render()
    assert render(parse(text)) == text


def test_w7_a_template_is_never_half_filled() -> None:
    guest = replace(KERNEL, networks=(Network("tap0", Vif(bridge="xenbr0")),))
    given = guest.values()
    for key in given:
        with pytest.raises(XlcfgError, match="has no value"):
            fill(guest.template(), {name: given[name] for name in given if name != key})
    with pytest.raises(XlcfgError, match="has no `@BLOCK:fs@`"):
        fill(guest.template(), {**given, "BLOCK:fs": "/x"})
    half = guest.template().replace("@MEMORY@", "64")
    assert check_text(half.replace("64", "@MEMORY@"))


def test_w8_the_xml_of_libvirt_is_for_this_machine_and_whole() -> None:
    xml = xml_of(replace(KERNEL, networks=(Network("tap0", Vif(bridge="xenbr0")),)))
    kind = root_of(KERNEL).find("os/type")
    assert kind is not None
    assert kind.attrib == {"arch": "x86_64", "machine": "xenpvh"}
    assert "<!--" not in xml


def test_w9_a_description_has_no_effect_on_another() -> None:
    before = KERNEL.render()
    other = replace(KERNEL, networks=(Network("tap0", Vif(bridge="xenbr0")),))
    other.render()
    other.template()
    xml_of(other)
    assert KERNEL.render() == before


def test_w10_a_guest_without_devices_gets_none() -> None:
    assert not {"disk", "vif"} & values(KERNEL.document()).keys()
    assert "interface" not in xml_of(KERNEL)


def test_the_number_of_a_disk_in_the_guest_is_that_of_its_name_in_the_file() -> None:
    names = [vdev.name(index) for index in range(1, 40)]
    assert len({vdev.number(name) for name in names}) == len(names)
    assert names[0] == "xvdb"


def xml_of(guest: Domain) -> str:
    return to_libvirt(guest.document())[0]


def root_of(guest: Domain) -> ET.Element:
    return ET.fromstring(xml_of(guest))  # noqa: S314 - our own

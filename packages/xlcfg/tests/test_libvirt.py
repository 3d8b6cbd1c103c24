"""libvirt's domain XML: there and back, and what does not fit is told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from xlcfg import ParseError, XlcfgError, diff, from_libvirt, parse, to_libvirt, values

from .conftest import CORPUS
from .oracle import packages

GOOD = [path for path in CORPUS if not path.name.startswith(("refused-", "warned-", "latin1"))]

TEXT = """\
name = "web"
uuid = "06ed00fe-1162-4fc4-b5d8-11993ee4a8b9"
type = "pvh"
memory = 64
maxmem = 128
vcpus = 1
maxvcpus = 2
cpus = "0-1"
kernel = "/k"
ramdisk = "/r"
cmdline = "a=\\"b c\\" <&>"
on_crash = "preserve"
disk = [
    "format=raw, vdev=xvda, access=rw, target=/dev/vg/a",
    "format=qcow2, vdev=xvdb, access=ro, backend=store, no-discard, target=/b.qcow2",
]
vif = [
    "mac=00:16:3e:00:00:01,bridge=xenbr0,vifname=web0,script=vif-bridge,ip=10.0.0.1 fe80::1",
    "bridge=b1,type=vif,mtu=1400",
]
"""


def test_there_and_back_nothing_is_lost() -> None:
    document = parse(TEXT)
    xml, left = to_libvirt(document)
    assert left == ()
    again, rest = from_libvirt(xml)
    assert rest == ()
    assert [str(change) for change in diff(document, again)] == []


def test_an_hvm_guest() -> None:
    text = """\
name = "desktop"
type = "hvm"
memory = 1024
vcpus = 2
boot = "dc"
acpi = 0
disk = ["format=raw, vdev=hda, access=rw, target=/dev/vg/d", "vdev=hdc, cdrom, target=/cd.iso"]
"""
    xml, left = to_libvirt(parse(text))
    assert left == ()
    assert '<boot dev="cdrom" />' in xml
    again, _ = from_libvirt(xml)
    assert diff(parse(text), again) == []


@pytest.mark.parametrize(
    ("words", "driver"),
    [
        ("format=raw, target=/srv/a.img", '<driver type="raw" />'),
        ("format=raw, backendtype=qdisk, target=/srv/a.img", '<driver name="qemu" type="raw" />'),
        ("format=raw, target=/dev/vg/a", '<driver name="phy" type="raw" />'),
        ("format=qcow2, target=/srv/a.qcow2", '<driver name="qemu" type="qcow2" />'),
    ],
)
def test_a_raw_file_needs_no_qemu_unless_it_was_asked_for(words: str, driver: str) -> None:
    """libvirt takes `qemu` at its word, and starts no such guest where Xen's QEMU is missing."""
    xml, left = to_libvirt(
        parse(f"name='a'\nkernel='/k'\ndisk=['vdev=xvda, access=rw, {words}']\n")
    )
    assert left == ()
    assert driver in xml


def test_root_and_extra_become_the_command_line() -> None:
    xml, left = to_libvirt(parse("name='a'\nkernel='/k'\nroot='/dev/xvda1'\nextra='ro'\n"))
    assert left == ()
    assert values(from_libvirt(xml)[0])["cmdline"] == "root=/dev/xvda1 ro"


def test_what_the_xml_cannot_tell_is_named() -> None:
    text = "name='a'\nkernel='/k'\ntsc_mode='native'\nvif=['rate=1MB/s']\n"
    assert to_libvirt(parse(text))[1] == ("tsc_mode", "vif")


def test_what_a_configuration_cannot_tell_is_named() -> None:
    xml = (
        "<domain type='xen'><name>a</name><memory>65536</memory><vcpu>1</vcpu>"
        "<clock offset='utc'/><os><type>linux</type><kernel>/k</kernel></os>"
        "<devices><console type='pty'><target type='xen'/></console>"
        "<memballoon model='xen'/></devices></domain>"
    )
    document, left = from_libvirt(xml)
    assert left == ("clock", "devices/memballoon")
    assert values(document) == {
        "name": "a", "type": "pv", "memory": "64", "vcpus": "1", "kernel": "/k",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "size", "memory"),
    [("KiB", 65536, "64"), ("MiB", 64, "64"), ("b", 1, "1"), ("GiB", 2, "2048"), ("KB", 1, "1")],
)
def test_sizes_are_rounded_up_to_whole_megabytes(unit: str, size: int, memory: str) -> None:
    xml = f"<domain type='xen'><name>a</name><memory unit='{unit}'>{size}</memory></domain>"
    assert values(from_libvirt(xml)[0])["memory"] == memory


@pytest.mark.parametrize(
    "device",
    [
        "<disk type='network' device='cdrom'><target dev='hdc'/></disk>",
        "<disk type='file' device='lun'><source file='/x'/><target dev='sda'/></disk>",
        "<disk type='file'><driver type='vmdk'/><source file='/x'/><target dev='xvda'/></disk>",
        "<disk type='file'><driver name='tap'/><source file='/x'/><target dev='xvda'/></disk>",
        "<interface type='network'><source network='default'/></interface>",
    ],
)
def test_a_device_that_would_become_another_one_is_refused(device: str) -> None:
    xml = f"<domain type='xen'><name>a</name><devices>{device}</devices></domain>"
    with pytest.raises(XlcfgError, match="has no form in a configuration of xl"):
        from_libvirt(xml)


def test_a_configuration_with_errors_is_not_converted() -> None:
    with pytest.raises(ParseError):
        to_libvirt(parse("name='a'\n"))
    with pytest.raises(XlcfgError, match="XML cannot hold"):
        to_libvirt(parse("name='a\\a'\nkernel='/k'\n"))


@pytest.mark.e2e
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_the_xml_is_valid_by_the_schema_of_libvirt(path: Path, tmp_path: Path) -> None:
    tree = packages.tree(packages.LIBVIRT)
    (tmp_path / "domain.xml").write_text(to_libvirt(parse(path.read_bytes()))[0])
    (libraries,) = {found.parent for found in (tree / "usr/lib").rglob("libxml2.so.2")}
    command = [
        str(tree / "usr/bin/xmllint"), "--noout", "--relaxng",
        str(tree / "usr/share/libvirt/schemas/domain.rng"), str(tmp_path / "domain.xml"),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

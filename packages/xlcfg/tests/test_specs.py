"""The small languages inside strings: what they say and how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcfg import Disk, Format, Pci, Vif, XlcfgError
from xlcfg.specs import channel, cpus, disk, numa, p9, pci, ports, sound, usb, vdev, vif
from xlcfg.specs.cpus import Part
from xlcfg.specs.vif import Rate
from xlcfg.specs.vtpm import VTPM

from .strategies import LAW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/dev/vg/guest,,hda", Disk("/dev/vg/guest", "hda")),
        ("/dev/vg/guest,raw,hda,rw", Disk("/dev/vg/guest", "hda")),
        ("format=raw, vdev=hda, access=rw, target=/dev/vg/guest", Disk("/dev/vg/guest", "hda")),
        ("raw:/dev/vg/guest,hda,w", Disk("/dev/vg/guest", "hda")),
        ("/i.iso,,hdc,cdrom", Disk("/i.iso", "hdc", writable=False, cdrom=True)),
        ("/i.iso,raw,hdc,devtype=cdrom", Disk("/i.iso", "hdc", writable=False, cdrom=True)),
        ("raw:/i.iso,hdc:cdrom,ro", Disk("/i.iso", "hdc", writable=False, cdrom=True)),
        (",,hdc:cdrom", Disk("", "hdc", Format.EMPTY, writable=False, cdrom=True)),
        ("vdev=xvda, target=/a,b=c d", Disk("/a,b=c d", "xvda")),
        ("/x,qcow2,xvdb,ro", Disk("/x", "xvdb", Format.QCOW2, writable=False)),
        ("iscsi:iqn,xvda,w", Disk("iqn", "xvda", script="block-iscsi")),
        ("tap:aio:/x,xvda,w", Disk("/x", "xvda")),
        (
            "no-discard,direct-io-safe,backend=d,vdev=xvda,target=/x",
            Disk("/x", "xvda", backend="d", direct_io_safe=True, discard=False),
        ),
    ],
)
def test_disks_are_read_in_every_form(text: str, expected: Disk) -> None:
    assert disk.read(text) == expected
    assert disk.read(str(expected)) == expected


def test_a_disk_is_written_in_one_form() -> None:
    assert str(Disk("/dev/vg/a,b", "xvda")) == (
        "format=raw, vdev=xvda, access=rw, target=/dev/vg/a,b"
    )
    assert repr(Disk("/x", "xvda")) == "Disk(target='/x', vdev='xvda')"


@pytest.mark.parametrize(
    "wrong",
    [
        Disk("/x", ""),
        Disk("", "xvda"),
        Disk("/x", "xv,da"),
        Disk("/x\n/y", "xvda"),
        Disk("/x", "xvda", script="a,b"),
        Disk("/x", "xvda", writable=True, cdrom=True),
    ],
)
def test_a_disk_that_cannot_be_written_is_refused(wrong: Disk) -> None:
    with pytest.raises(XlcfgError):
        str(wrong)


@LAW
@given(st.text(st.characters(exclude_characters="\0\n", codec="utf-8"), min_size=1))
def test_any_path_can_be_the_target_of_a_disk_unless_it_ends_in_a_comma(path: str) -> None:
    assert disk.read(str(Disk(f"{path}x", "xvda"))).target == f"{path}x"
    with pytest.raises(XlcfgError):
        str(Disk(f"{path},", "xvda"))


def test_vifs() -> None:
    text = "mac=00:16:3e:74:3d:76,bridge=xenbr0,model=e1000,rate=10Mb/s,untrusted"
    expected = Vif(
        mac="00:16:3e:74:3d:76", bridge="xenbr0", model="e1000", rate="10Mb/s", trusted=False
    )
    assert vif.read(text) == expected
    assert str(expected) == text
    assert vif.read("") == Vif()
    assert str(Vif()) == ""
    assert vif.read(" netdev=eth0 , ip=10.0.0.1 ").gatewaydev == "eth0 "
    assert vif.read("colo_compare_out=x").more == (("colo_compare_out", "x"),)


@pytest.mark.parametrize("wrong", [Vif(bridge="a,b"), Vif(ip="1,2"), Vif(mtu="x")])
def test_a_vif_that_cannot_be_written_is_refused(wrong: Vif) -> None:
    with pytest.raises(XlcfgError):
        str(wrong)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1MB/s@20ms", Rate(20_000, 20_000)),
        ("10Mb/s", Rate(62_500, 50_000)),
        ("250KB/s", Rate(12_500, 50_000)),
        ("8b/s@1s", Rate(1, 1_000_000)),
        ("1KB/s@7us", Rate(0, 7)),
        ("1KB/s@2", Rate(2000, 2_000_000)),
    ],
)
def test_rates(text: str, rate: Rate) -> None:
    assert vif.rate(text) == rate


@pytest.mark.parametrize("text", ["", "5", "0B/s", "1MB/s@0ms", "99999999999B/s", "1MB/s@9999s"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        vif.rate(text)


def test_pci_devices() -> None:
    same = ["36:00.0@20,seize=1", "36:00.0,vslot=20,seize=1", "bdf=36:00.0,vslot=20,seize=1"]
    assert [len(pci.flaws(text)) for text in same] == [1, 1, 1]
    assert pci.read("36:00.0@1f,seize=1") == Pci("36:00.0", vslot=0x1F, seize=True)
    assert str(Pci(name="nic", rdm_policy="strict")) == "name=nic,rdm_policy=strict"
    assert pci.read("0000:01:00.*").bdf == "0000:01:00.*"
    with pytest.raises(XlcfgError):
        str(Pci(name="a,b"))
    with pytest.raises(XlcfgError):
        pci.read("01:00")


def test_lists_of_cpus() -> None:
    parts = cpus.read("all,^7,nodes:0-1,^node:2")
    assert parts == (
        Part(None, None),
        Part(7, 7, without=True),
        Part(0, 1, node=True),
        Part(2, 2, node=True, without=True),
    )
    assert cpus.cpus(cpus.read("0-3,5,^1"), 8) == {0, 2, 3, 5}
    with pytest.raises(XlcfgError):
        cpus.read("^all")


def test_lists_of_keys() -> None:
    assert VTPM.read("backend=d,uuid=06ed00fe-1162-4fc4-b5d8-11993ee4a8b9")["backend"] == "d"
    assert usb.CONTROLLER.read("version=2, ports=4") == {"version": "2", "ports": "4"}
    assert p9.P9.write({"tag": "a", "security_model": "none", "path": "/x"}) == (
        "tag=a,security_model=none,path=/x"
    )
    for wrong in ({"backend": "a,b"}, {"foo": "x"}, {}):
        with pytest.raises(XlcfgError):
            VTPM.write(wrong)
    assert [flaw.what for flaw in channel.flaws("connection=socket,name=a")] == [
        "the channel is a socket without a path"
    ]


def test_ranges_sounds_and_nodes() -> None:
    assert ports.ioport_flaws("2f8-2ff") == []
    assert ports.iomem_flaws("a0000,1@b0") == []
    assert ports.irq_flaws("x")
    assert sound.flaws("stream, unique-id=1, type=p, sample-formats=s8;u8") == []
    assert sound.flaws("drum")
    assert numa.flaws("vdistances=10,20") == []
    assert numa.count("0-3,5") == 5


def test_names_of_disks_and_their_numbers_agree() -> None:
    assert [vdev.name(index) for index in (0, 1, 25, 26, 27, 701, 702)] == [
        "xvda", "xvdb", "xvdz", "xvdaa", "xvdab", "xvdzz", "xvdaaa",
    ]  # fmt: skip
    assert vdev.number("xvda") == 51712
    assert vdev.number("xvdb") == 51728
    assert vdev.number("xvdp") == (202 << 8) | (15 << 4)
    assert vdev.number("xvdq") == (1 << 28) | (16 << 8)
    for wrong in ("hda", "xvd", "xvda1"):
        with pytest.raises(ValueError, match="whole disk"):
            vdev.number(wrong)


@LAW
@given(st.integers(0, 20_000))
def test_every_disk_has_a_name_of_its_own(index: int) -> None:
    number = vdev.number(vdev.name(index))
    assert number == ((202 << 8) | (index << 4) if index < 16 else (1 << 28) | (index << 8))

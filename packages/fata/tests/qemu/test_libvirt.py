"""A guest as libvirt's domain XML."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.qemu.libvirt import TAGS, BridgeNic, Domain, Limits, domain_xml
from fata.qemu.machine import Accelerator, Disk, TapNic, UserNic
from fata.qemu.publish import Publish
from functoria import UserError

LEAST = Domain("web", Path("/srv/kernel"))
MAC = "52:54:00:00:00:01"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"

TEXT = """\
<!-- Made for the test. -->
<domain type="kvm">
  <name>web</name>
  <memory unit="MiB">96</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <kernel>/srv/kernel</kernel>
    <initrd>/srv/initramfs</initrd>
    <cmdline>console=ttyS0 quiet</cmdline>
  </os>
  <features>
    <acpi />
    <apic />
  </features>
  <cpu mode="host-passthrough" />
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw" />
      <source file="/srv/data.img" />
      <blockio logical_block_size="4096" physical_block_size="4096" />
      <target dev="vda" bus="virtio" />
      <readonly />
      <serial>data</serial>
      <address type="pci" bus="0x00" slot="0x03" />
    </disk>
    <interface type="bridge">
      <mac address="52:54:00:00:00:01" />
      <source bridge="br0" />
      <model type="virtio" />
      <rom enabled="no" />
      <address type="pci" bus="0x00" slot="0x04" />
    </interface>
    <serial type="pty">
      <target type="isa-serial" port="0" />
    </serial>
    <controller type="usb" model="none" />
    <memballoon model="none" />
  </devices>
</domain>
"""


def parsed(domain: Domain) -> ET.Element:
    return ET.fromstring(domain_xml(domain))  # noqa: S314 - our own


def found(domain: Domain, path: str) -> dict[str, str]:
    element = parsed(domain).find(path)
    assert element is not None
    return element.attrib


def test_the_whole_text() -> None:
    domain = replace(
        LEAST,
        initramfs=Path("/srv/initramfs"),
        command_line="console=ttyS0 quiet",
        memory=96,
        nics=(BridgeNic(MAC, "br0"),),
        disks=(Disk(Path("/srv/data.img"), read_only=True, serial="data", sector_size=4096),),
        comment="Made for the test.",
    )
    assert domain_xml(domain) == TEXT


def test_an_emulated_guest_has_every_feature_that_qemu_emulates() -> None:
    emulated = replace(LEAST, accelerator=Accelerator.TCG)
    assert parsed(emulated).get("type") == "qemu"
    assert found(emulated, "cpu") == {"mode": "maximum"}


def test_a_tap_device_that_is_there_is_used_as_it_is() -> None:
    domain = replace(LEAST, nics=(TapNic(MAC, "tap0"),))
    assert found(domain, "devices/interface") == {"type": "ethernet"}
    assert found(domain, "devices/interface/target") == {"dev": "tap0", "managed": "no"}


def test_a_user_mode_network_that_libvirt_has_no_words_for_is_passed_on_to_qemu() -> None:
    plain = replace(LEAST, nics=(UserNic(MAC),))
    assert found(plain, "devices/interface") == {"type": "user"}
    port = Publish("127.0.0.1", 8080, 80)
    for nic, words in (
        (UserNic(MAC, (port,)), "user,id=fata0,hostfwd=tcp:127.0.0.1:8080-:80"),
        (UserNic(MAC, restrict=True), "user,id=fata0,restrict=on"),
    ):
        root = parsed(replace(LEAST, nics=(nic,)))
        assert root.find("devices/interface") is None
        assert [element.get("value") for element in root.iter(f"{QEMU}arg")] == [
            *("-netdev", words),
            *("-device", f"virtio-net-pci,netdev=fata0,mac={MAC},romfile="),
        ]


def test_limits_are_of_the_whole_process_and_of_each_disk() -> None:
    limits = Limits(cpu=0.5, memory=200, io=1_000_000)
    disks = (Disk(Path("/srv/a")), Disk(Path("/dev/vg/b")))
    root = parsed(replace(LEAST, limits=limits, disks=disks))
    assert root.findtext("memtune/hard_limit") == "200"
    assert root.findtext("cputune/global_period") == "100000"
    assert root.findtext("cputune/global_quota") == "50000"
    rates = [disk.findtext("iotune/total_bytes_sec") for disk in root.iter("disk")]
    assert rates == ["1000000", "1000000"]


def test_a_block_device_is_told_from_a_file() -> None:
    domain = replace(LEAST, disks=(Disk(Path("/dev/vg/data")),))
    assert found(domain, "devices/disk") == {"type": "block", "device": "disk"}
    assert found(domain, "devices/disk/source") == {"dev": "/dev/vg/data"}


def test_the_console_may_be_a_file() -> None:
    domain = replace(LEAST, console=Path("/var/log/web"))
    assert found(domain, "devices/serial") == {"type": "file"}
    assert found(domain, "devices/serial/source") == {"path": "/var/log/web", "append": "on"}


def test_tags_are_read_back() -> None:
    domain = replace(LEAST, tags={"app": "web", "generation": "7"})
    assert found(domain, f"metadata/{{{TAGS}}}guest") == {"app": "web", "generation": "7"}


def test_more_devices_than_places_are_left_to_libvirt_to_place() -> None:
    disks = tuple(Disk(Path(f"/srv/{number}")) for number in range(30))
    root = parsed(replace(LEAST, disks=disks))
    slots = [element.get("slot") for element in root.iterfind("devices/disk/address")]
    assert len(slots) == len(set(slots)) == 23
    names = [element.get("dev") for element in root.iterfind("devices/disk/target")]
    assert names[25:27] == ["vdz", "vdaa"]


def test_what_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(UserError, match="cannot hold the character"):
        domain_xml(replace(LEAST, command_line="a\x01b"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])))
def test_no_text_becomes_an_element(text: str) -> None:
    domain = replace(LEAST, command_line=text, comment=text)
    try:
        root = parsed(domain)
    except UserError:
        return
    assert (root.findtext("os/cmdline") or "") == text
    assert [child.tag for child in root] == [child.tag for child in parsed(LEAST)]


@pytest.mark.e2e
def test_libvirts_schema_has_all_of_it(tmp_path: Path) -> None:
    """The mock driver of libvirt itself reads the text, and knows every word."""
    domain = replace(
        LEAST,
        initramfs=Path("/srv/initramfs"),
        nics=(BridgeNic(MAC, "br0"), UserNic("52:54:00:00:00:02", restrict=True)),
        disks=(Disk(Path("/srv/a"), serial="a"), Disk(Path("/dev/b"), sector_size=4096)),
        limits=Limits(0.5, 200, 1_000_000),
        tags={"app": "web"},
        comment="A --- comment -",
    )
    file = tmp_path / "web.xml"
    file.write_text(domain_xml(domain))
    subprocess.run(
        ["virsh", "-c", "test:///default", "define", "--validate", str(file)], check=True
    )

"""Which of the machine's devices is which, by what sysfs and the kernel's command line say."""

from __future__ import annotations

from pathlib import Path

from libos.boot.devices import (
    declared_interfaces,
    disks,
    interfaces_by_bus,
    interfaces_by_vif,
    told_interfaces,
)


def words(tmp_path: Path, text: str) -> str:
    path = tmp_path / "cmdline"
    path.write_text(text + "\n")
    return str(path)


def test_disks_are_known_by_their_serial_numbers(tmp_path: Path) -> None:
    for disk, serial in (("vda", "data"), ("vdb", "twenty-bytes-of-name"), ("vdc", "")):
        (tmp_path / disk).mkdir()
        (tmp_path / disk / "serial").write_text(serial)
    (tmp_path / "loop0").mkdir()
    assert disks(str(tmp_path)) == {"data": "vda", "twenty-bytes-of-name": "vdb"}


def test_two_disks_of_one_name_are_none(tmp_path: Path) -> None:
    for disk, serial in (("vda", "data"), ("vdb", "data"), ("vdc", "log")):
        (tmp_path / disk).mkdir()
        (tmp_path / disk / "serial").write_text(serial)
    assert disks(str(tmp_path)) == {"log": "vdc"}


def test_a_host_tells_the_addresses_of_interfaces(tmp_path: Path) -> None:
    path = words(
        tmp_path,
        "quiet fata.nic=front,52:54:00:fa:7a:00 fata.nics=back,front fata.nic=x,nonsense",
    )
    assert told_interfaces(path) == {"front": bytes.fromhex("525400fa7a00")}
    assert declared_interfaces(path) == ("back", "front")


def test_a_host_may_tell_nothing(tmp_path: Path) -> None:
    path = words(tmp_path, "quiet")
    assert (told_interfaces(path), declared_interfaces(path)) == ({}, ())


def test_interfaces_are_in_the_order_of_their_places_on_the_bus(tmp_path: Path) -> None:
    net, devices = tmp_path / "net", tmp_path / "devices"
    for name, place in (
        ("eth0", "virtio-mmio.10/virtio0"),
        ("eth1", "virtio-mmio.2/virtio7"),
        ("eth2", "virtio-mmio.9/virtio1"),
    ):
        (devices / place).mkdir(parents=True)
        (net / name).mkdir(parents=True)
        (net / name / "device").symlink_to(devices / place)
    (net / "lo").mkdir()
    assert interfaces_by_bus(str(net)) == ("eth1", "eth2", "eth0")


def node(tmp_path: Path, place: str, text: str) -> None:
    """A device of Xen as sysfs shows it, with its place in XenStore."""
    directory = tmp_path / place / "device"
    directory.mkdir(parents=True)
    (directory / "nodename").write_text(f"{text}\n")


def test_on_xen_disks_are_known_by_the_numbers_that_the_image_was_built_with(
    tmp_path: Path,
) -> None:
    blocks = tmp_path / "block"
    for disk, number in (("xvdb", 51728), ("xvda", 51712), ("xvdq", 268439552)):
        node(blocks, disk, f"device/vbd/{number}")
    (blocks / "loop0").mkdir()
    line = words(tmp_path, "fata.disk=data,51728 fata.disk=log,51712 fata.disk=x fata.disk=y,z")
    assert disks(str(blocks), line) == {"data": "xvdb", "log": "xvda"}
    assert disks(str(blocks), words(tmp_path, "quiet")) == {}


def test_on_xen_interfaces_are_known_by_the_numbers_of_vifs(tmp_path: Path) -> None:
    net = tmp_path / "net"
    for name, number in (("eth0", 10), ("eth1", 2), ("eth2", 0)):
        node(net, name, f"device/vif/{number}")
    (net / "lo").mkdir()
    assert interfaces_by_vif(str(net)) == {"10": "eth0", "2": "eth1", "0": "eth2"}
    (tmp_path / "none").mkdir()
    assert interfaces_by_vif(str(tmp_path / "none")) == {}

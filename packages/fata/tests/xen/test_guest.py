"""The guest of Xen that a manifest describes, as xl and libvirt are told of it.

Tests are named after the weaknesses (W1 to W10) of the first generator of such files.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import xlcfg
from fata.image.manifest import (
    ArgumentRecord,
    Blob,
    DiskDevice,
    Image,
    Interpreter,
    KernelRecord,
    Manifest,
    NetworkDevice,
)
from fata.xen import guest
from fata.xen.guest import Place, configuration, domain, libvirt, template
from fata.xen.numbers import disk_name, disk_words
from functoria import UserError
from libos.boot.command_line import from_command_line
from xlcfg.specs import disk as disk_spec
from xlcfg.specs import vif as vif_spec

WORDS = "console=hvc0 quiet rdinit=/usr/bin/python3.11 -I -S /app/init"
KERNEL = Blob("kernel-1", "ab" * 32, 5)
IMAGE = Image(
    digest="sha256:1",
    kernel=KernelRecord(KERNEL, "tiny", "6.12", "linux-source 6.12-1", "cd" * 32),
    initramfs=Blob("initramfs-1.zstd", "ab" * 32, 5),
    unpacked=9,
    command_line=WORDS,
    emulated=(),
    machines=(),
)
NAMES = ("log", "data", "cache")
VIFS = ("public", "office")
MADE = Manifest(
    name="web",
    target="xen",
    versions={},
    source=None,
    keys={"xen-type": "pvh"},
    arguments=(),
    interpreter=Interpreter("3", ""),
    requirements=(),
    image=IMAGE,
    memory=64,
    disks=tuple(
        DiskDevice(number, name, 65536, name == "cache", vdev=disk_name(number))
        for number, name in enumerate(NAMES)
    ),
    network=tuple(NetworkDevice(number, name) for number, name in enumerate(VIFS)),
)
PLACE = Place(Path("/srv/out"), Path("/srv/disks"), "br7")


def said(text: str) -> dict[str, object]:
    assert xlcfg.check_text(text) == []
    return dict(xlcfg.values(xlcfg.parse(text)))


def test_w1_disks_are_in_declared_order_and_the_guest_is_told_the_same() -> None:
    listed = said(configuration(MADE, PLACE))["disk"]
    assert isinstance(listed, list)
    disks = [disk_spec.read(str(text)) for text in listed]
    assert [(disk.vdev, disk.target, disk.writable) for disk in disks] == [
        ("xvda", "/srv/disks/log.img", True),
        ("xvdb", "/srv/disks/data.img", True),
        ("xvdc", "/srv/disks/cache.img", False),
    ]
    words = "fata.disk=log,51712 fata.disk=data,51728 fata.disk=cache,51744"
    assert disk_words(NAMES) == tuple(words.split())


def test_w2_interfaces_are_in_declared_order() -> None:
    place = replace(PLACE, bridges={"office": "lan"})
    listed = said(configuration(MADE, place))["vif"]
    assert listed == ["bridge=br7", "bridge=lan"]
    inside = said(xlcfg.fill(template(MADE, place), domain(MADE, place, ("--x",)).values()))["vif"]
    assert inside == listed


def test_w3_paths_are_those_of_the_output() -> None:
    for output in (Path("/srv/out"), Path("/elsewhere/dist/other-xen")):
        values = said(configuration(MADE, replace(PLACE, output=output)))
        assert values["kernel"] == f"{output}/kernel-1"
        assert values["ramdisk"] == f"{output}/initramfs-1.zstd"


def test_w4_boot_arguments_are_in_it_and_arrive_as_they_were_given() -> None:
    arguments = ("--port=80", '--greeting=it\'s "50 %"', "--empty=", "--schön")
    line = str(said(configuration(MADE, PLACE, arguments))["cmdline"])
    assert line.startswith(f"{WORDS} fata.arg=")
    assert from_command_line(line) == list(arguments)
    assert said(configuration(MADE, PLACE))["cmdline"] == WORDS
    assert f'cmdline = "{WORDS} @ARGS@"' in template(MADE, PLACE)


def test_w4_required_boot_arguments_are_said() -> None:
    needed = ArgumentRecord("greeting", "str", None, "", required=True)
    text = configuration(replace(MADE, arguments=(needed,)), PLACE)
    assert "# Boot arguments that it cannot do without: --greeting.\n" in text


@pytest.mark.parametrize("path", ["/a b/it's", '/a,b/"c"', "/a\\nb/#=[", "/@NAME@/ü", "/a]b"])
def test_w5_paths_are_quoted(path: str) -> None:
    place = replace(PLACE, output=Path(path), disks=Path(path))
    values = said(configuration(MADE, place))
    assert values["kernel"] == f"{path}/kernel-1"
    (first, *_) = values["disk"]  # type: ignore[misc]
    assert disk_spec.read(first).target == f"{path}/log.img"
    found = domain(MADE, place, ("--x",))
    assert said(xlcfg.fill(template(MADE, place), found.values())) == said(found.render())


def test_w5_memory_processors_and_hardware_addresses_can_be_said() -> None:
    place = replace(PLACE, memory=96, macs={"office": "00:16:3e:00:00:01"})
    values = said(configuration(MADE, place))
    assert (values["memory"], values["vcpus"]) == ("96", "1")
    assert said(configuration(MADE, PLACE))["memory"] == "64"
    (public, office) = (vif_spec.read(text) for text in values["vif"])  # type: ignore[attr-defined]
    assert (public.mac, office.mac) == ("", "00:16:3e:00:00:01")


def test_w7_the_template_filled_is_the_configuration() -> None:
    found = domain(MADE, PLACE, ("--port=80",))
    assert {place.key for place in xlcfg.placeholders(template(MADE, PLACE))} == {
        *("NAME", "KERNEL", "RAMDISK", "MEMORY", "ARGS"),
        *(f"BLOCK:{name}" for name in NAMES),
        *(f"NETWORK:{name}" for name in VIFS),
    }
    filled = xlcfg.fill(template(MADE, PLACE), found.values())
    assert said(filled) == said(configuration(MADE, PLACE, ("--port=80",)))


@pytest.mark.parametrize(("kind", "machine"), [("pvh", "xenpvh"), ("pv", "xenpv")])
def test_w8_libvirt_has_the_architecture_and_the_devices(kind: str, machine: str) -> None:
    root = ET.fromstring(libvirt(replace(MADE, keys={"xen-type": kind}), PLACE))  # noqa: S314
    system = root.find("os/type")
    assert system is not None
    assert (system.get("arch"), system.get("machine")) == ("x86_64", machine)
    assert [item.get("dev") for item in root.iterfind("devices/disk/target")] == [
        "xvda",
        "xvdb",
        "xvdc",
    ]
    bridges = [item.get("bridge") for item in root.iterfind("devices/interface/source")]
    assert bridges == ["br7", "br7"]
    assert root.findtext("os/cmdline") == WORDS
    assert root.findtext("memory") == str(64 * 1024)


def test_w10_a_program_without_a_network_has_no_vif() -> None:
    alone = replace(MADE, network=(), disks=())
    assert {"vif", "disk"}.isdisjoint(said(configuration(alone, PLACE)))
    assert "@NETWORK" not in template(alone, PLACE)
    assert "interface" not in libvirt(alone, PLACE)


def test_what_ends_is_gone_and_what_crashed_stays_to_be_looked_at() -> None:
    values = said(configuration(MADE, PLACE))
    ends = [values[name] for name in ("on_poweroff", "on_reboot", "on_crash")]
    assert ends == ["destroy", "destroy", "preserve"]


@pytest.mark.parametrize("write", [configuration, template, libvirt])
def test_the_mark_of_the_tool_is_at_the_top(write: object) -> None:
    assert callable(write)
    assert re.match(
        r"(# |<!-- )Generated by fata from config\.py: web on Xen: ", write(MADE, PLACE)
    )


@pytest.mark.parametrize(("kind", "most"), [("pv", 1023), ("pvh", 2047)])
def test_a_command_line_that_xen_would_cut_is_refused(kind: str, most: int) -> None:
    made = replace(MADE, keys={"xen-type": kind})
    room = most - len(f"{WORDS} fata.arg=")
    assert len(str(said(configuration(made, PLACE, ("x" * room,)))["cmdline"])) == most
    with pytest.raises(UserError, match=f"a guest of the type {kind} reads {most}"):
        configuration(made, PLACE, ("x" * (room + 1),))


def test_a_manifest_of_another_target_is_refused() -> None:
    with pytest.raises(UserError, match="is for the target `virtio`") as raised:
        guest.domain(replace(MADE, target="virtio"), PLACE)
    assert raised.value.do == "configure with `-t xen` and build again"


def test_a_directory_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(UserError, match="no configuration of Xen can say this"):
        libvirt(MADE, replace(PLACE, output=Path("/a\x01b")))

"""Generating: one description, two files, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from xlcfg import (
    Action,
    Block,
    Disk,
    Domain,
    Guest,
    Network,
    Vif,
    XlcfgError,
    check,
    fill,
    fmt,
    parse,
    render,
    values,
)

from .strategies import LAW, domains

WEB = Domain(
    name="web",
    type=Guest.PVH,
    kernel="/srv/web/kernel",
    ramdisk="/srv/web/initramfs",
    memory=64,
    vcpus=1,
    cmdline='console=hvc0 -- --title="It\'s"',
    on_crash=Action.PRESERVE,
    blocks=(
        Block("data", Disk("/dev/vg/web-data", "xvda")),
        Block("certs", Disk("/srv/certs,1.img", "xvdb", writable=False)),
    ),
    networks=(
        Network("front", Vif(mac="00:16:3e:00:00:01", bridge="xenbr0")),
        Network("back", Vif(mac="00:16:3e:00:00:02", bridge="xenbr1")),
    ),
    more=(("tsc_mode", "native"), ("acpi", True), ("device_model_args", ["-a", "b"])),
    comment=("A web server.",),
)

TEXT = """\
# A web server.
name = "web"
type = "pvh"
kernel = "/srv/web/kernel"
ramdisk = "/srv/web/initramfs"
cmdline = "console=hvc0 -- --title=\\"It's\\""
memory = 64
vcpus = 1
on_crash = "preserve"
disk = [
    "format=raw, vdev=xvda, access=rw, target=/dev/vg/web-data",
    "format=raw, vdev=xvdb, access=ro, target=/srv/certs,1.img",
]
vif = [
    "mac=00:16:3e:00:00:01,bridge=xenbr0",
    "mac=00:16:3e:00:00:02,bridge=xenbr1",
]
tsc_mode = "native"
acpi = 1
device_model_args = ["-a", "b"]
"""

TEMPLATE = """\
# A web server.
name = "@NAME@"
type = "pvh"
kernel = "@KERNEL@"
ramdisk = "@RAMDISK@"
cmdline = "@ARGS@"
memory = @MEMORY@
vcpus = 1
on_crash = "preserve"
disk = [
    "format=raw, vdev=xvda, access=rw, target=@BLOCK:data@",
    "format=raw, vdev=xvdb, access=ro, target=@BLOCK:certs@",
]
vif = [
    "mac=00:16:3e:00:00:01,bridge=@NETWORK:front@",
    "mac=00:16:3e:00:00:02,bridge=@NETWORK:back@",
]
tsc_mode = "native"
acpi = 1
device_model_args = ["-a", "b"]
"""


def test_the_configuration() -> None:
    assert WEB.render() == TEXT


def test_the_template() -> None:
    assert WEB.template() == TEMPLATE


def test_the_template_filled_is_the_configuration() -> None:
    assert fill(WEB.template(), WEB.values()) == WEB.render()


def test_arguments_are_what_the_place_decides_of_the_command_line() -> None:
    apart = replace(WEB, cmdline="console=hvc0", arguments="--title=it's")
    assert 'cmdline = "console=hvc0 @ARGS@"\n' in apart.template()
    assert apart.values()["ARGS"] == "--title=it's"
    assert fill(apart.template(), apart.values()) == apart.render()
    alone = replace(WEB, cmdline=None, arguments="")
    assert 'cmdline = "@ARGS@"\n' in alone.template()


def test_it_is_in_the_standard_layout_and_has_nothing_to_be_said_about() -> None:
    assert fmt(WEB.document()) == TEXT
    assert check(WEB.document()) == []
    assert parse(WEB.render()) == WEB.document()


def test_what_is_not_said_is_left_out() -> None:
    small = Domain("a", Guest.PV, "/k", 8)
    assert small.render() == 'name = "a"\ntype = "pv"\nkernel = "/k"\nmemory = 8\n'
    assert list(small.values()) == ["NAME", "KERNEL", "MEMORY"]
    bare = replace(small, networks=(Network("n", Vif()),))
    assert values(bare.document())["vif"] == [""]
    assert fill(bare.template(), bare.values()) == bare.render()


@pytest.mark.parametrize(
    "wrong",
    [
        replace(WEB, memory=0),
        replace(WEB, name="a\0"),
        replace(WEB, more=(("Name", 1),)),
        replace(WEB, more=(("memory", 1),)),
        replace(WEB, more=(("acpi", 1), ("acpi", 0))),
        replace(WEB, more=(("a=1\nb", 1),)),
        replace(WEB, comment=("a\nb",)),
        replace(WEB, blocks=(Block("a b", Disk("/x", "xvda")),)),
        replace(WEB, blocks=(Block("", Disk("/x", "xvda")),)),
        replace(WEB, blocks=(Block("a", Disk("/x", "xvda")), Block("a", Disk("/y", "xvdb")))),
        replace(WEB, blocks=(Block("a", Disk("/x", "")),)),
        replace(WEB, networks=(Network("a", Vif(bridge="a,b")),)),
    ],
)
def test_what_cannot_be_said_is_refused(wrong: Domain) -> None:
    with pytest.raises(XlcfgError):
        wrong.render()


@LAW
@given(domains())
def test_any_description_fills_its_own_template(domain: Domain) -> None:
    assert fill(domain.template(), domain.values()) == domain.render()
    assert render(parse(domain.render())) == domain.render()


@LAW
@given(domains())
def test_devices_come_in_the_order_of_the_description(domain: Domain) -> None:
    said = values(domain.document())
    assert said.get("disk", []) == [str(block.disk) for block in domain.blocks]
    assert said.get("vif", []) == [str(net.vif) for net in domain.networks]

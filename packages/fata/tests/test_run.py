"""The guest that a manifest describes, before anything is started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fata.image.manifest import (
    ArgumentRecord,
    Blob,
    Image,
    Interpreter,
    KernelRecord,
    MachineRecord,
    Manifest,
    NetworkDevice,
)
from fata.nics import parse_publications, plan_nics
from fata.qemu.accelerator import Preference
from fata.qemu.machine import Accelerator, UserNic
from fata.qemu.publish import parse_all
from fata.run import Options, command_line, plan
from functoria import UsageError, UserError

BLOB = Blob("kernel-1", "ab" * 32, 5)
MACHINE = MachineRecord("microvm", ("rtc=on",), ("word=1",))
IMAGE = Image(
    digest="sha256:1",
    kernel=KernelRecord(BLOB, "tiny", "6.12", "linux-source 6.12-1", "cd" * 32),
    initramfs=BLOB,
    unpacked=9,
    command_line="quiet rdinit=/usr/bin/python3.11 -I -S /app/init",
    emulated=("lpj=1",),
    machines=(MACHINE, MachineRecord("q35", (), ())),
)
ARGUMENTS = tuple(
    ArgumentRecord(name, "str", None, "") for name in ("ipv4", "ipv4-gateway", "dns", "text")
)
MADE = Manifest(
    name="web",
    target="virtio",
    versions={},
    source=None,
    keys={},
    arguments=ARGUMENTS,
    interpreter=Interpreter("3", ""),
    requirements=(),
    image=IMAGE,
    memory=64,
    network=(NetworkDevice(0, "net"),),
)
TCG = Options(preference=Preference.TCG)


def words(options: Options, accelerator: Accelerator = Accelerator.TCG) -> list[str]:
    vifs = plan_nics(MADE, (), ())
    return command_line(MADE, IMAGE, MACHINE, accelerator, options, vifs).split()


def test_the_kernel_is_told_its_own_words_then_the_programs() -> None:
    line = words(Options(arguments=("--text=two words",), words=("fata.audit",)))
    assert line[:5] == IMAGE.command_line.split()
    assert line[5:9] == ["word=1", "fata.nic=net,52:54:00:fa:7a:00", "fata.audit", "lpj=1"]
    assert line[9] == "fata.arg=--ipv4=10.0.2.15/24"
    assert line[-1] == "fata.arg=--text=two%20words"


def test_words_for_emulation_are_left_out_under_kvm() -> None:
    assert "lpj=1" not in words(Options(), Accelerator.KVM)


def test_an_address_that_is_given_replaces_that_of_the_user_network() -> None:
    line = words(Options(arguments=("--ipv4=dhcp",)))
    assert [word for word in line if word.startswith("fata.arg=")] == ["fata.arg=--ipv4=dhcp"]


def test_more_than_the_kernel_reads_is_refused() -> None:
    with pytest.raises(UserError, match="and reads 2047"):
        words(Options(arguments=("--text=" + "x" * 2000,)))


def test_ports_lead_to_the_first_interface(tmp_path: Path) -> None:
    ports = ["8080:80", "5353:53/udp"]
    publish = parse_publications(ports)
    guest, choice = plan(tmp_path, MADE, replace(TCG, publish=publish, memory=96))
    (nic,) = guest.nics
    assert isinstance(nic, UserNic)
    assert nic.publish == parse_all(ports)
    assert (guest.memory, choice.accelerator) == (96, Accelerator.TCG)
    assert plan(tmp_path, MADE, TCG)[0].memory == 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (replace(TCG, machine="pc"), "does not run on the machine `pc`"),
        (replace(TCG, arguments=("--txt=1",)), "there is no boot argument `--txt`"),
        (replace(TCG, arguments=("text",)), "`text` is not a boot argument"),
    ],
)
def test_what_does_not_fit_the_image_is_refused(
    tmp_path: Path, options: Options, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan(tmp_path, MADE, options)


def test_a_program_without_a_network_has_no_port_to_publish(tmp_path: Path) -> None:
    made = replace(MADE, network=())
    with pytest.raises(UsageError, match="has no network"):
        plan(tmp_path, made, replace(TCG, publish=parse_publications(["8080:80"])))

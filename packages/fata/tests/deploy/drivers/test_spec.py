"""Specifications of guests: what they cannot be, and that they survive being written down."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.drivers.spec import (
    Disk,
    GuestSpec,
    Limits,
    MacPrefix,
    Nic,
    OnCrash,
    XenType,
    decode,
    deterministic_mac,
    encode,
)
from fata.qemu.machine import Accelerator, Machine
from fata.qemu.publish import Protocol, Publish
from functoria.error import UserError

NAME = "website.production.g7"
SPEC = GuestSpec(
    NAME,
    Path("/var/lib/fata/guests") / NAME,
    Path("/var/lib/fata/store/blobs/aa"),
    Path("/var/lib/fata/store/blobs/bb"),
    "console=ttyS0 fata.nic=service,52:54:00:00:00:01",
    64,
    nics=(
        Nic("service", "52:54:00:00:00:01", forwards=(Publish("127.0.0.1", 8080, 80),)),
        Nic("front", "52:54:00:00:00:02", "br0"),
    ),
    disks=(Disk("data", Path("/var/lib/fata/volumes/data.img"), vdev="xvda", serial="data"),),
    limits=Limits(0.5, 256, 1 << 20),
)

words = st.from_regex(r"[a-z][a-z0-9_-]{0,15}", fullmatch=True)
names = st.from_regex(r"[a-z][a-z0-9-]{0,15}", fullmatch=True)
paths = words.map(lambda word: Path("/srv") / word)
macs = st.builds(lambda tail: f"52:54:00:{tail.hex(':')}", st.binary(min_size=3, max_size=3))
ports = st.builds(
    Publish,
    st.just("127.0.0.1"),
    st.integers(0, 65535),
    st.integers(1, 65535),
    st.sampled_from(Protocol),
)
nics = st.one_of(
    st.builds(Nic, words, macs, words.map(lambda word: word[:15])),
    st.builds(Nic, words, macs, st.none(), st.lists(ports, max_size=3).map(tuple), st.booleans()),
)
disks = st.builds(Disk, words, paths, st.booleans(), words, words, st.sampled_from((512, 4096)))
specs = st.builds(
    lambda name, **rest: GuestSpec(name=name, directory=Path("/guests") / name, **rest),
    name=names,
    kernel=paths,
    initramfs=st.none() | paths,
    command_line=st.text(st.characters(categories=("L", "N", "P", "Zs"))).filter(str.isprintable),
    memory=st.integers(8, 1 << 20),
    vcpus=st.integers(1, 64),
    nics=st.lists(nics, max_size=3, unique_by=(lambda n: n.name, lambda n: n.mac)).map(tuple),
    disks=st.lists(disks, max_size=3, unique_by=lambda disk: disk.name).map(tuple),
    machine=st.sampled_from(Machine),
    machine_options=st.none() | st.just(("acpi=off",)),
    accelerator=st.sampled_from(Accelerator),
    limits=st.builds(Limits, st.none() | st.floats(0.01, 8), st.none() | st.integers(16, 1 << 20)),
    xen=st.sampled_from(XenType),
    on_crash=st.sampled_from(OnCrash),
)


@given(specs)
def test_a_specification_survives_being_written_down(spec: GuestSpec) -> None:
    assert decode(encode(spec), "spec.json") == spec


def test_the_same_specification_is_the_same_bytes() -> None:
    assert encode(SPEC) == encode(decode(encode(SPEC), "spec.json"))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_specification_or_a_user_error(data: bytes) -> None:
    with pytest.raises(UserError):
        decode(data, "spec.json")


@given(st.data())
def test_any_damage_to_a_specification_is_a_user_error_or_none(data: st.DataObject) -> None:
    whole = bytearray(encode(SPEC))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UserError):
        assert isinstance(decode(bytes(whole), "spec.json"), GuestSpec)


def _changed(path: str, value: object) -> bytes:
    raw = json.loads(encode(SPEC))
    place = raw
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in steps:
        place = place[step]
    place[last] = value
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "../../etc"),
        ("name", "Website"),
        ("name", "other.production.g7"),
        ("directory", "guests/website.production.g7"),
        ("kernel", "/var/../etc/shadow"),
        ("memory", "64"),
        ("memory", 0),
        ("vcpus", 0),
        ("command_line", "quiet\nfata.nic=x"),
        ("machine", "pc"),
        ("machine_options", ["acpi=off,kernel=/x"]),
        ("nics.0.mac", "53:54:00:00:00:01"),
        ("nics.0.mac", "52:54:00:00:00:02"),
        ("nics.1.bridge", "br0,script=/tmp/x"),
        ("nics.0.forwards.0.host", 65536),
        ("nics.0.forwards.0.address", "localhost"),
        ("disks.0.serial", "x,bus=y"),
        ("disks.0.sector_size", 100),
        ("limits.cpu", 0),
        ("surprise", 1),
        ("nics.0.script", "/tmp/x"),
    ],
)
def test_what_cannot_be_started_cannot_be_read(path: str, value: object) -> None:
    with pytest.raises(UserError, match="damaged"):
        decode(_changed(path, value), "spec.json")


def test_fields_that_an_older_fata_did_not_write_have_their_defaults() -> None:
    raw = json.loads(encode(SPEC))
    for field in ("limits", "xen", "on_crash", "console_bytes"):
        del raw[field]
    assert decode(json.dumps(raw).encode(), "spec.json").limits == Limits()


def test_an_address_is_the_same_at_every_deploy_and_another_for_each_slot() -> None:
    given = ("website", "production", "service")
    assert deterministic_mac(*given, "a") == deterministic_mac(*given, "a")
    assert deterministic_mac(*given, "a") != deterministic_mac(*given, "b")
    assert deterministic_mac(*given, "a").startswith("52:54:00:")
    assert deterministic_mac(*given, "a", MacPrefix.XEN).startswith("00:16:3e:")


@given(words, words, words)
def test_addresses_of_different_words_do_not_run_together(a: str, b: str, c: str) -> None:
    assert deterministic_mac(a, b, c, "a") != deterministic_mac(a + b, "", c, "a")
    Nic("service", deterministic_mac(a, b, c, "a"))

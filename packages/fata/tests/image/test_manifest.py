"""The manifest: read back as it was written, and refused where it is not one."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.image.manifest import (
    ArgumentRecord,
    Blob,
    FileRecord,
    Image,
    Interpreter,
    KernelRecord,
    MachineRecord,
    Manifest,
    NetworkDevice,
    Source,
    image_digest,
    json_schema,
    parse,
    to_json,
)
from functoria import UserError

BLOB = Blob("kernel-1", "ab" * 32, 5)
IMAGE = Image(
    digest=image_digest(BLOB, BLOB, "quiet"),
    kernel=KernelRecord(BLOB, "tiny", "6.12", "linux-source 6.12-1", "cd" * 32),
    initramfs=BLOB,
    unpacked=9,
    command_line="quiet",
    emulated=("lpj=1",),
    machines=(MachineRecord("microvm", ("rtc=on",), ()),),
)
MANIFEST = Manifest(
    name="web",
    target="virtio",
    versions={"fata": "0.1.0"},
    source=Source("0" * 40, modified=True),
    keys={"target": "virtio"},
    arguments=(ArgumentRecord("port", "port", "80", "where"),),
    interpreter=Interpreter("3.11.2", "ef" * 32),
    requirements=("h11==0.16.0",),
    image=IMAGE,
    memory=64,
    network=(NetworkDevice(0, "eth0"),),
    files=(FileRecord("a", 1, "00" * 32, "data", None, "site", "why"),),
    missing=("x (y.py:1)",),
)


@given(st.text(), st.integers(), st.booleans())
def test_a_manifest_is_read_back_as_it_was_written(text: str, number: int, modified: bool) -> None:
    made = replace(MANIFEST, name=text, memory=number % 2**40, source=Source(text, modified))
    assert parse(to_json(made), "here") == made


def test_it_follows_its_schema() -> None:
    jsonschema.validate(json.loads(to_json(MANIFEST)), json_schema())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_manifest_are_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="the manifest"):
        parse(data, "here")


@given(st.integers(0, 1500), st.binary(min_size=1, max_size=4))
def test_a_damaged_manifest_is_read_or_refused(at: int, damage: bytes) -> None:
    data = to_json(MANIFEST)
    try:
        parse(data[:at] + damage + data[at + len(damage) :], "here")
    except UserError as error:
        assert error.do  # noqa: PT017


@pytest.mark.parametrize("name", ["../kernel", "/etc/passwd", "a/b", "..", ""])
def test_a_file_outside_of_the_directory_is_refused(name: str) -> None:
    image = replace(IMAGE, initramfs=replace(BLOB, file=name))
    with pytest.raises(UserError, match="the manifest names a file elsewhere"):
        parse(to_json(replace(MANIFEST, image=image)), "here")


def test_the_digest_depends_on_every_part() -> None:
    other = replace(BLOB, sha256="00" * 32)
    digests = {
        image_digest(*parts)
        for parts in ((BLOB, BLOB, "a"), (other, BLOB, "a"), (BLOB, other, "a"), (BLOB, BLOB, "b"))
    }
    assert len(digests) == 4

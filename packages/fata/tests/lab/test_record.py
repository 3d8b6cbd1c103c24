"""Which process a lab is, and how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fata.identity import Identity, identify
from fata.lab import Condition, Forward, status
from fata.lab.place import Place
from fata.lab.record import END, RECORD, End, Record, encode, load


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        yield child
        child.kill()


def record_of(identity: Identity) -> Record:
    forwards = (Forward(8080, "10.0.2.20", 80),)
    return Record(identity, identity, 25000, 1024, 1, True, ("xen 4.17",), forwards)


def found(pid: int) -> Identity:
    identity = identify(pid)
    assert identity is not None
    return identity


def test_a_process_is_known_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    identity = found(sleeper.pid)
    assert identity.alive
    assert not identity.wait(0.01)
    identity.send(signal.SIGKILL)
    assert identity.wait(60)
    assert not identity.alive


def test_another_process_of_the_same_number_is_left_alone(
    sleeper: subprocess.Popen[bytes],
) -> None:
    other = replace(found(sleeper.pid), start=1)
    assert not other.alive
    other.send(signal.SIGKILL)
    assert other.wait(0.01)
    assert sleeper.poll() is None


def test_what_is_kept_is_what_is_read(place: Place) -> None:
    record = record_of(found(os.getpid()))
    (place.directory / RECORD).write_bytes(encode(record))
    assert load(place.directory) == record
    assert status("mine").condition is Condition.RUNNING


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"qemu": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_none(place: Place, content: bytes) -> None:
    (place.directory / RECORD).write_bytes(content)
    assert load(place.directory) is None
    assert status("mine").condition is Condition.STOPPED


def test_a_record_from_before_a_restart_of_the_machine(place: Place) -> None:
    before = replace(found(os.getpid()), boot="another")
    (place.directory / RECORD).write_bytes(encode(record_of(before)))
    assert status("mine").condition is Condition.STOPPED
    assert status("mine").note == "this machine was restarted since"


def test_an_end_that_the_supervisor_saw(place: Place) -> None:
    gone = replace(found(os.getpid()), start=1)
    (place.directory / RECORD).write_bytes(encode(record_of(gone)))
    assert status("mine").note == "QEMU and its supervisor were killed"
    (place.directory / END).write_text(json.dumps({"status": -9, "at": 1}))
    assert status("mine").condition is Condition.ENDED
    assert status("mine").note == "QEMU was killed by SIGKILL"
    assert str(End(1, 0)) == "QEMU ended with exit code 1"
    assert str(End(-99, 0)) == "QEMU was killed by signal 99"


def test_no_process_has_no_identity(tmp_path: Path) -> None:
    assert identify(2**22 + 1) is None

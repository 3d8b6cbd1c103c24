"""A QEMU below its supervisor: here a program in its place that only waits, or fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fata.identity import Identity
from fata.lab import Condition, status
from fata.lab.machine import Machine
from fata.lab.place import Place
from fata.lab.process import PORTS, EndedError, Starting, free_port, listen
from fata.lab.record import Record, load
from fata.qemu.machine import PROGRAM


@pytest.fixture
def machine(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    stand_in(tmp_path, "import time; time.sleep(60)")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    nothing = Path("/dev/null")
    return Machine(nothing, nothing, nothing, place.console, place.exchange, place.disk, 768, 25000)


def stand_in(directory: Path, code: str) -> None:
    path = directory / "bin" / PROGRAM
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)


def started(place: Place, machine: Machine) -> Record:
    with Starting(place, machine, None) as starting:
        return starting.keep(25000, 768, False, ())


def ended(identity: Identity) -> bool:
    return identity.wait(60)


def test_what_is_not_kept_ends_with_its_starter(place: Place, machine: Machine) -> None:
    with Starting(place, machine, None) as starting:
        assert not starting.ended
    assert starting.ended
    assert load(place.directory) is None


def test_what_is_kept_runs_on(place: Place, machine: Machine) -> None:
    record = started(place, machine)
    try:
        assert load(place.directory) == record
        assert status("mine").condition is Condition.RUNNING
    finally:
        record.qemu.send(signal.SIGKILL)
    assert ended(record.qemu)
    assert ended(record.supervisor)
    assert status("mine").note == "QEMU was killed by SIGKILL"


def test_qemu_ends_with_its_supervisor(place: Place, machine: Machine) -> None:
    record = started(place, machine)
    record.supervisor.send(signal.SIGKILL)
    assert ended(record.qemu)
    assert status("mine").note == "QEMU and its supervisor were killed"


_STARTER = """
import sys, time
from pathlib import Path
from fata.lab.machine import Machine
from fata.lab.place import Place
from fata.lab.process import Starting
place, nothing = Place("mine"), Path("/dev/null")
files = (nothing, nothing, nothing, place.console, place.exchange, place.disk)
with Starting(place, Machine(*files, 768, 25000), None) as it:
    print(it._qemu.pid, it._qemu.start, it._qemu.boot, flush=True)
    time.sleep(60)
"""


def test_a_starter_that_is_killed_leaves_nothing(place: Place, machine: Machine) -> None:
    with subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        pid, start, boot = starter.stdout.readline().decode().split()
        qemu = Identity(int(pid), int(start), boot)
        assert qemu.alive
        starter.kill()
    assert ended(qemu)


def test_last_words_are_told(place: Place, machine: Machine, tmp_path: Path) -> None:
    stand_in(tmp_path, f"import sys; sys.exit('{PROGRAM}: no such machine')")
    with Starting(place, machine, None) as starting:
        deadline = time.monotonic() + 60
        while not starting.ended and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(EndedError, match=r"\Ano such machine\Z"):
            starting.check()


def test_a_port_that_is_taken_is_not_chosen() -> None:
    first = free_port("mine")
    assert first in PORTS
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", first))
        holder.listen()
        assert free_port("mine") != first


def test_a_socket_below_a_path_of_any_length(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / ("b" * 100)
    deep.mkdir(parents=True)
    with listen(deep, "qmp"):
        assert (deep / "qmp").is_socket()

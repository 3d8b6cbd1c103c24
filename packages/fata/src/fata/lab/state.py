"""The saved state of a lab: its memory right after the first start, to begin from the next time.

`state` is QEMU's migration stream, `state.json` says what it belongs to. A state that is damaged,
or belongs to another QEMU, host or amount of memory, is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
from pathlib import Path

from fata.cache import key_of_file
from fata.kernel.store import digest
from fata.lab import host
from fata.lab.host import Host
from fata.lab.machine import program
from fata.lab.place import Place, write
from fata.lab.process import listen
from fata.qemu.qmp import Qmp, QmpError

STATE = "state"
FACTS = "state.json"
_SOCKET = "saving"
_LIMIT = 120.0  # seconds; it takes less than one


class UnusableError(Exception):
    """`UnusableError(why)` says why a saved state cannot be used."""


def load(place: Place, memory: int) -> tuple[Path, Host] | None:
    """`load(place, memory)` is the state to begin from, and the host it is of; `None` if none.

    Raises `UnusableError` where there is one that cannot be used.
    """
    facts, state = place.directory / FACTS, place.directory / STATE
    if not facts.exists() or not state.exists():
        return None
    try:
        raw = json.loads(facts.read_bytes())
        size, sha256 = int(raw["size"]), str(raw["sha256"])
        name, qemu, had = str(raw["host"]), str(raw["qemu"]), int(raw["memory"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnusableError("its description is damaged") from error
    if had != memory:
        raise UnusableError(f"it has {had} MiB of memory, not {memory}")
    if qemu != _qemu():
        raise UnusableError("it was saved by another QEMU")
    found = host.load(name)
    if found is None or not place.initramfs.is_file():
        raise UnusableError("the Xen host that it belongs to is gone")
    if state.stat().st_size != size or digest(state) != sha256:
        raise UnusableError("it is damaged")
    return state, found


def discard(place: Place) -> None:
    """`discard(place)` removes the saved state, if there is one."""
    for name in (FACTS, STATE):
        (place.directory / name).unlink(missing_ok=True)


def save(place: Place, qmp: Qmp, made: Host, memory: int) -> int:
    """`save(place, qmp, made, memory)` keeps the running lab's state; its size in bytes.

    The lab stands still meanwhile. Raises `OSError` or `QmpError` where it cannot be kept; then
    there is none, and the lab runs on.
    """
    discard(place)
    temporary = place.directory / f".{STATE}.new"
    try:
        with listen(place.directory, _SOCKET) as listener:
            received = _Received(listener, temporary)
            qmp.execute("migrate-set-parameters", {"max-bandwidth": 1 << 40})
            qmp.execute("migrate", {"uri": f"unix:{_SOCKET}"})
            sha256, size = received.result()
        _check_done(qmp)
        temporary.replace(place.directory / STATE)
    finally:
        with contextlib.suppress(QmpError):
            if qmp.status() != "running":
                qmp.execute("migrate_cancel")
                qmp.resume()
        temporary.unlink(missing_ok=True)
        (place.directory / _SOCKET).unlink(missing_ok=True)
    facts = {"host": made.name, "memory": memory, "qemu": _qemu(), "sha256": sha256, "size": size}
    write(place.directory / FACTS, (json.dumps(facts, indent=2, sort_keys=True) + "\n").encode())
    return size


class _Received:
    """A thread that writes what comes through a socket to a file."""

    def __init__(self, listener: socket.socket, path: Path) -> None:
        self._listener = listener
        self._path = path
        self._error: BaseException | None = None
        self._size = 0
        self._digest = hashlib.sha256()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        listener.settimeout(_LIMIT)
        self._thread.start()

    def result(self) -> tuple[str, int]:
        """The sha256 and the size of the file once it is complete; raises what went wrong."""
        self._thread.join(_LIMIT)
        if self._thread.is_alive():
            raise TimeoutError("the state was not saved in time")
        if self._error is not None:
            raise self._error
        return self._digest.hexdigest(), self._size

    def _receive(self) -> None:
        try:
            connection, _ = self._listener.accept()
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            with connection, os.fdopen(os.open(self._path, flags, 0o600), "wb") as file:
                while data := connection.recv(1 << 20):
                    self._digest.update(data)
                    self._size += len(data)
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            self._error = error


def _check_done(qmp: Qmp) -> None:
    answer = qmp.execute("query-migrate")
    status = answer.get("status") if isinstance(answer, dict) else None
    if status != "completed":
        raise QmpError(f"the state was not saved: {status}")


def _qemu() -> str:
    """Which QEMU: another could read the state as something else."""
    return key_of_file("1", Path(program()).resolve())

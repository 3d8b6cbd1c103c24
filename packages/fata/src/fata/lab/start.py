"""Starting a lab: from its saved state where there is one, and otherwise from nothing."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from fata.image.cpio import Entry, archive
from fata.lab import host, keys, state
from fata.lab.host import Host
from fata.lab.machine import OVERHEAD, Machine, check_memory, program
from fata.lab.place import Place, disk_errors, write
from fata.lab.process import EndedError, Starting, free_port
from fata.lab.record import END, RECORD, Record
from fata.qemu.qmp import QmpError
from functoria.error import UserError

COLD_LIMIT = 300.0
"""Seconds that a start from nothing may take; a quiet machine needs 10."""
RESUME_LIMIT = 120.0
"""Seconds that a start from a saved state may take; a quiet machine needs 3."""
_FIRST_PATIENCE, _PATIENCE = 10, 60  # seconds that ssh may take to connect: at first, at most
_NEWS = 15.0
_PORT_TAKEN = "host forwarding"  # a word of QEMU's complaint
_PORTS = 8
_UP = "fata lab: xen up"
_TOOLSTACK = "xl info >/dev/null"
_DISK = "fata-lab-disk"
_BAD = ("fata lab: failed", "Hardware Dom0 crashed", "Panic on CPU", "Kernel panic")

Report = Callable[[str], None]


class NotReadyError(Exception):
    """`NotReadyError(why)` says why a lab did not come up."""


def start(
    place: Place, memory: int, report: Report, meminfo: Path = Path("/proc/meminfo")
) -> Record:
    """`start(place, memory, report)` is the record of a lab that was started and answers.

    The caller holds the lab's lock and knows that it does not run. Raises `UserError`.
    """
    check_memory(memory)
    program()
    keys.need_ssh()
    _check_room(memory, meminfo)
    for path in (place.directory / RECORD, place.directory / END, place.console):
        path.unlink(missing_ok=True)
    try:
        saved = state.load(place, memory)
        if saved is not None:
            return _on_a_port(place, lambda port: _resume(place, *saved, memory, port))
    except (state.UnusableError, NotReadyError, EndedError) as error:
        report(f"the saved state is not used: {error}; starting from nothing")
    state.discard(place)
    return _cold(place, host.provide(report), memory, report)


def _on_a_port(place: Place, begin: Callable[[int], Record]) -> Record:
    """Begin on a port that is free, and on another where somebody takes that one meanwhile."""
    taken: set[int] = set()
    while True:
        port = free_port(place.name, taken)
        keys.configure(place, port)
        try:
            return begin(port)
        except EndedError as error:
            taken.add(port)
            if _PORT_TAKEN not in str(error) or len(taken) == _PORTS:
                raise


def _resume(place: Place, saved: Path, made: Host, memory: int, port: int) -> Record:
    with Starting(place, _machine(place, made, memory, port), saved) as starting:
        deadline = time.monotonic() + RESUME_LIMIT
        try:
            with starting.qmp() as qmp:
                while qmp.status() != "running":
                    _pause(starting, deadline)
        except QmpError as error:
            starting.check()
            raise NotReadyError(str(error)) from error
        _wait_ssh(place, starting, deadline, f"{_TOOLSTACK} && {_DISK}")
        return starting.keep(port, memory, True, made.versions)


def _cold(place: Place, made: Host, memory: int, report: Report) -> Record:
    with disk_errors(place.directory):
        keys.ensure(place)
        _write_initramfs(place, made)
    report("starting Xen and its control domain: 10 to 30 seconds, emulated")
    try:
        return _on_a_port(place, lambda port: _boot(place, made, memory, port, report))
    except EndedError as error:
        raise _refused(str(error), memory) from error
    except NotReadyError as error:
        raise UserError(
            f"the Xen host does not come up: {error}",
            str(place.console),
            "read there what it said; on a busy machine, try again when it is less so",
        ) from error


def _boot(place: Place, made: Host, memory: int, port: int, report: Report) -> Record:
    with Starting(place, _machine(place, made, memory, port), None) as starting:
        deadline = time.monotonic() + COLD_LIMIT
        _wait_console(place, starting, deadline, report)
        _wait_ssh(place, starting, deadline, _TOOLSTACK)
        # What the disk holds is no part of the state.
        _save(place, starting, made, memory, report)
        _wait_ssh(place, starting, deadline, _DISK)
        return starting.keep(port, memory, False, made.versions)


def _save(place: Place, starting: Starting, made: Host, memory: int, report: Report) -> None:
    """Save the state; a lab whose state cannot be saved is no less of one."""
    try:
        with starting.qmp() as qmp:
            size = state.save(place, qmp, made, memory)
    except (OSError, QmpError, UserError) as error:
        starting.check()
        report(f"its state was not saved, so the next start takes as long: {error}")
    else:
        report(f"its state is saved for the next start: {size / 1e6:.0f} MB")


def _machine(place: Place, made: Host, memory: int, port: int) -> Machine:
    return Machine(
        xen=made.directory / "xen",
        kernel=made.directory / "vmlinux",
        initramfs=place.initramfs,
        console=place.console,
        exchange=place.exchange,
        disk=place.disk,
        memory=memory,
        port=port,
    )


def _write_initramfs(place: Place, made: Host) -> None:
    """The kernel unpacks one archive after the other: ours, and one with the lab's keys."""
    own = (
        Entry("etc/ssh/ssh_host_ed25519_key", content=place.host_key.read_bytes(), mode=0o600),
        Entry("etc/ssh/authorized_keys", content=keys.authorized(place), mode=0o600),
        Entry("etc/hostname", content=f"{place.name}\n".encode(), mode=0o644),
    )
    write(place.initramfs, (made.directory / "dom0.cpio").read_bytes() + archive(own))


def _wait_console(place: Place, starting: Starting, deadline: float, report: Report) -> None:
    began = told = time.monotonic()
    while True:
        text = _console(place)
        if _UP in text:
            return
        bad = next((line for line in text.splitlines() if any(b in line for b in _BAD)), None)
        if bad is not None:
            raise NotReadyError(f"`{bad.strip()[:200]}`")
        _pause(starting, deadline)
        if time.monotonic() - told > _NEWS:
            told = time.monotonic()
            last = text.strip().rpartition("\n")[2][:100]
            report(f"still starting after {told - began:.0f} s, the last word is `{last}`")


def _console(place: Place) -> str:
    try:
        return place.console.read_text(errors="replace")
    except OSError:
        return ""


def _wait_ssh(place: Place, starting: Starting, deadline: float, asked: str) -> None:
    """Wait until the lab answers over ssh, and set the clock, which may be an old one."""
    patience = _FIRST_PATIENCE
    while True:
        script = f"date -u -s @{int(time.time())} >/dev/null && {asked}"
        # What was sent too early is lost, and a connection waits long until it sends it again.
        ssh, *words = keys.ssh(place, script)
        began = time.monotonic()
        done = subprocess.run(
            [ssh, "-o", f"ConnectTimeout={patience}", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0:
            return
        if time.monotonic() > deadline:
            last = (done.stderr.strip() or "without a word").rpartition("\n")[2]
            raise NotReadyError(f"ssh fails: {last}")
        _pause(starting, deadline + 1)
        if time.monotonic() - began > patience:
            patience = min(2 * patience, _PATIENCE)


def _pause(starting: Starting, deadline: float) -> None:
    starting.check()
    if time.monotonic() > deadline:
        raise NotReadyError("it took too long")
    time.sleep(0.05)


def _check_room(memory: int, meminfo: Path) -> None:
    try:
        lines = meminfo.read_text().splitlines()
        row = next(line for line in lines if line.startswith("MemAvailable:"))
        available = int(row.split()[1]) // 1024
    except (OSError, ValueError, IndexError, StopIteration):
        return  # it cannot be told here, and QEMU will
    if available < memory + OVERHEAD:
        raise _no_memory(memory, f"{available} MiB are free")


def _no_memory(memory: int, why: str) -> UserError:
    return UserError(
        f"a lab of {memory} MiB takes {memory + OVERHEAD} of this machine's memory: {why}",
        "--memory",
        "end other programs or labs, or give the lab less with `--memory`",
    )


def _refused(words: str, memory: int) -> UserError:
    if "Cannot allocate memory" in words or "cannot set up guest memory" in words:
        return _no_memory(memory, words)
    if _PORT_TAKEN in words:
        return UserError(
            "other programs took each port that was chosen for the lab's ssh",
            "127.0.0.1",
            "start the lab again; `ss -tlnp` lists who listens",
        )
    return UserError(
        f"QEMU ended while the lab was started: {words}",
        None,
        "run `fata doctor` and read its report",
    )

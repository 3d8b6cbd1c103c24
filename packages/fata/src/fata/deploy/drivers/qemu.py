"""The driver `qemu`: each guest is a QEMU below a keeper of its own, and nothing else is needed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers import cgroup, check
from fata.deploy.drivers.await_start import await_start
from fata.deploy.drivers.console import CONSOLE
from fata.deploy.drivers.directory import (
    OUTCOME,
    STATE,
    Started,
    belongs,
    ended,
    known,
    locked,
    names,
    prepare,
    read_value,
    unknown,
    write_value,
)
from fata.deploy.drivers.driver import Found, Outcome, State, Statistics
from fata.deploy.drivers.keeper import ASK, DESTROY
from fata.deploy.drivers.launch import default_python, launcher
from fata.deploy.drivers.processes import KEEPER, Processes, anything, find, scan, started_at
from fata.deploy.drivers.recorder import DESTROYED
from fata.deploy.drivers.resources import QMP
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.statistics import statistics
from fata.deploy.drivers.tap import DEVICE, is_bridge
from fata.exit_codes import NO_OUTCOME
from fata.qemu.failure import not_installed
from fata.qemu.machine import PROGRAM
from fata.qemu.preflight import kernel_format
from fata.qemu.publish import assign
from functoria.error import UserError

NAME = "qemu"
_LAST = 5.0  # seconds that a keeper has to end after its guest


class Qemu:
    """`Qemu(guests)` is the driver for guests whose directories are in `guests`.

    `keeper` is the command that runs `fata.deploy.drivers.keeper`; the directory is appended.
    """

    def __init__(self, guests: Path, keeper: Sequence[str] = ()) -> None:
        self._guests = guests
        words = tuple(keeper) or (*default_python(), "-m", "fata.deploy.drivers.keeper")
        self._launcher = launcher(words)

    @property
    def name(self) -> str:
        """`qemu`."""
        return NAME

    def check(self, spec: GuestSpec) -> None:
        """See `Driver.check`."""
        directory = known(self._guests, spec.name)
        check.check_directory(spec, directory)
        if anything(directory):
            raise check.in_use(spec.name)
        if shutil.which(PROGRAM) is None:
            raise not_installed()
        check.check_files(spec, readable=os.geteuid() == 0)
        kernel_format(spec.kernel)
        check.check_shape(spec)
        check.check_memory(spec)
        _check_bridges(spec)
        check.check_ports(spec)
        self._check_limits(spec)

    def start(self, spec: GuestSpec) -> None:
        """See `Driver.start`."""
        with locked(self._guests, spec.name):
            self.check(spec)
            nics = tuple(replace(nic, forwards=assign(nic.forwards)) for nic in spec.nics)
            self._clear(spec.directory)
            prepare(replace(spec, nics=nics), NAME)
            try:
                self._launcher.launch(spec, f"{KEEPER}{spec.directory}")
                await_start(spec.directory, KEEPER)
            except BaseException:
                self._end(spec.directory)
                raise

    def attend(self, name: str) -> None:
        """See `Driver.attend`. The kernel ends QEMU with its keeper: there is never one alone."""
        known(self._guests, name)

    def list(self) -> tuple[Found, ...]:
        """See `Driver.list`."""
        running = scan(self._guests)
        found = {name: self._running(name, processes) for name, processes in running.items()}
        for name in names(self._guests, NAME):
            if name not in found:
                outcome = ended(self._guests / name)
                found[name] = Found(name, outcome.state)
        return tuple(found[name] for name in sorted(found))

    def stop(self, name: str, seconds: float) -> Outcome:
        """See `Driver.stop`."""
        directory = self._directory(name)
        processes = find(directory)
        keeper = processes.keeper
        if keeper is not None:
            keeper.send(ASK)
            if not keeper.wait(seconds):
                self.destroy(name)
        elif processes.any:
            self.destroy(name)
        return ended(directory)

    def destroy(self, name: str) -> None:
        """See `Driver.destroy`."""
        directory = known(self._guests, name)
        with locked(self._guests, name):
            ran = self._end(directory)
            if ran and not (directory / OUTCOME).exists() and belongs(directory, NAME):
                outcome = Outcome(NO_OUTCOME, DESTROYED, State.ENDED, time.time())
                try:
                    write_value(directory / OUTCOME, outcome)
                except OSError:
                    return  # it is read off the console

    def statistics(self, name: str) -> Statistics:
        """See `Driver.statistics`."""
        directory = self._directory(name)
        hypervisor = find(directory).hypervisor
        found = None if hypervisor is None else statistics(directory, hypervisor)
        if found is None:
            raise UserError(
                f"the guest `{name}` does not run", str(directory), "start it, or deploy it again"
            )
        return found

    def outcome(self, name: str) -> Outcome | None:
        """See `Driver.outcome`."""
        directory = known(self._guests, name)
        if find(directory).any or not belongs(directory, NAME):
            return None
        return ended(directory)

    def console(self, name: str) -> Path:
        """See `Driver.console`."""
        return self._directory(name) / CONSOLE

    def _directory(self, name: str) -> Path:
        directory = known(self._guests, name)
        if not belongs(directory, NAME) and not find(directory).any:
            raise unknown(name)
        return directory

    def _running(self, name: str, processes: Processes) -> Found:
        directory = self._guests / name
        guest = processes.hypervisor or processes.keeper
        if guest is None:  # it ended while it was looked at
            return Found(name, ended(directory).state)
        state = read_value(directory / STATE, Started)
        if state is None or state.keeper != processes.keeper:
            remark = "its directory is damaged"
            return Found(name, State.RUNNING, guest.pid, started_at(guest), remark)
        return Found(name, State.RUNNING, guest.pid, state.at)

    def _check_limits(self, spec: GuestSpec) -> None:
        able = self._launcher.enforceable()
        for limit, value in (("cpu", spec.limits.cpu), ("memory", spec.limits.memory)):
            if value is not None and limit not in able:
                raise UserError(
                    f"the limit on {limit} cannot be enforced here: {self._launcher.obstacle}",
                    f"limits.{limit}",
                    "leave it out, or run the agent as root on a host with systemd",
                )

    def _clear(self, directory: Path) -> None:
        """Remove what an earlier guest of that name may have left."""
        cgroup.group(directory).remove()
        self._launcher.forget(directory)
        (directory / QMP).unlink(missing_ok=True)

    def _end(self, directory: Path) -> bool:
        """End what runs of the guest and remove what it had; whether anything ran."""
        processes = find(directory)
        if processes.keeper is not None:
            # The keeper kills QEMU, says so, and cleans up.
            processes.keeper.send(DESTROY)
            processes.keeper.wait(_LAST)
        left = find(directory)
        for process in (left.keeper, left.hypervisor):
            if process is not None:
                process.send(9)
                process.wait(_LAST)
        if directory.exists():
            self._clear(directory)
        else:
            cgroup.group(directory).remove()
        return processes.any


def _check_bridges(spec: GuestSpec) -> None:
    check.check_bridges(spec, is_bridge)
    bridged = any(nic.bridge is not None for nic in spec.nics)
    if bridged and (os.geteuid() != 0 or not DEVICE.exists()):
        raise UserError(
            "only root may join guests to bridges"
            if os.geteuid()
            else f"this host has no `{DEVICE}`",
            str(DEVICE),
            "use user-mode networks, which `fata host setup` chooses without root",
        )

"""The drivers of Xen hosts: guests are domains of Xen, by its own toolstack or by libvirt."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers import attending, check
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
    write,
    write_value,
)
from fata.deploy.drivers.driver import Found, Outcome, State, Statistics
from fata.deploy.drivers.keeper import ASK, DESTROY
from fata.deploy.drivers.launch import default_python, launcher
from fata.deploy.drivers.manager import Manager, toolstack
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.recorder import DESTROYED
from fata.deploy.drivers.spec import GuestSpec, Limits
from fata.deploy.drivers.xen_domain import domain, ours
from fata.deploy.drivers.xen_statistics import statistics
from fata.exit_codes import NO_OUTCOME
from fata.xen.check import check as check_host
from fata.xen.toolstack import Condition, Running, Toolstack
from functoria.error import UserError

_LAST = 20.0  # seconds that a keeper has to end after its guest


class Xen:
    """`Xen(guests, manager)` is the driver for guests whose directories are in `guests`.

    `manager` makes their domains, and gives the driver its name. `keeper` is the command that runs
    `fata.deploy.drivers.xen_keeper`; the words of the manager and of the site, and the directory,
    are appended.
    """

    def __init__(self, guests: Path, manager: Manager, keeper: Sequence[str] = ()) -> None:
        self._guests = guests
        self._manager = manager
        self._site = manager.site
        self._label = manager.label
        words = tuple(keeper) or (*default_python(), "-m", "fata.deploy.drivers.xen_keeper")
        self._launcher = launcher((*words, manager.word, self._site.word))

    @property
    def name(self) -> str:
        """`xl` or `libvirt`."""
        return self._manager.name

    def check(self, spec: GuestSpec) -> None:
        """See `Driver.check`."""
        directory = known(self._guests, spec.name)
        check.check_directory(spec, directory)
        if find(directory, self._label).any:
            raise check.in_use(spec.name)
        _check_shape(spec)
        check.check_files(spec)
        check_host(self._toolstack, domain(spec), spec.kernel, placed=False)
        self._manager.check(spec)

    def start(self, spec: GuestSpec) -> None:
        """See `Driver.start`."""
        with locked(self._guests, spec.name):
            self.check(spec)
            prepare(spec, self.name)
            file = spec.directory / self._manager.description
            write(file, self._manager.describe(spec).encode())
            try:
                images = (spec.kernel, *(() if spec.initramfs is None else (spec.initramfs,)))
                self._site.bring((*images, *(disk.path for disk in spec.disks), file))
                self._launcher.launch(_without_limits(spec), f"{self._label}{spec.directory}")
                await_start(spec.directory, self._label)
            except BaseException:
                self._end(spec.name)
                raise

    def attend(self, name: str) -> None:
        """See `Driver.attend`."""
        directory = known(self._guests, name)
        with locked(self._guests, name):
            attending.attend(directory, self._label, self._launcher, lambda: self._runs(name))

    def list(self) -> tuple[Found, ...]:
        """See `Driver.list`."""
        found = {
            name: self._found(name, running) for name, running in sorted(self._domains().items())
        }
        for name in names(self._guests, self.name):
            if name not in found:
                found[name] = Found(name, ended(self._guests / name).state)
        return tuple(found[name] for name in sorted(found))

    def stop(self, name: str, seconds: float) -> Outcome:
        """See `Driver.stop`."""
        directory = self._directory(name)
        keeper = find(directory, self._label).keeper
        if keeper is not None:
            keeper.send(ASK)
            if not keeper.wait(seconds):
                self.destroy(name)
        elif name in self._domains():
            self.destroy(name)
        return ended(directory)

    def destroy(self, name: str) -> None:
        """See `Driver.destroy`."""
        directory = known(self._guests, name)
        with locked(self._guests, name):
            ran = self._end(name)
            if ran and not (directory / OUTCOME).exists() and belongs(directory, self.name):
                outcome = Outcome(NO_OUTCOME, DESTROYED, State.ENDED, time.time())
                with contextlib.suppress(OSError):  # it is read off the console
                    write_value(directory / OUTCOME, outcome)

    def statistics(self, name: str) -> Statistics:
        """See `Driver.statistics`."""
        directory = self._directory(name)
        running = self._domains().get(name)
        if running is None:
            raise UserError(
                f"the guest `{name}` does not run",
                str(directory),
                "start it, or deploy it again",
            )
        return statistics(self._site.runner, running)

    def outcome(self, name: str) -> Outcome | None:
        """See `Driver.outcome`."""
        directory = known(self._guests, name)
        if not belongs(directory, self.name) or find(directory, self._label).any:
            return None
        running = self._domains().get(name)
        if running is not None and running.condition is not Condition.CRASHED:
            return None
        return ended(directory)

    def console(self, name: str) -> Path:
        """See `Driver.console`."""
        return self._directory(name) / CONSOLE

    @property
    def _toolstack(self) -> Toolstack:
        return toolstack(self._manager)

    def _directory(self, name: str) -> Path:
        directory = known(self._guests, name)
        if not belongs(directory, self.name) and name not in self._domains():
            raise unknown(name)
        return directory

    def _ours(self) -> dict[str, int]:
        return ours(self._toolstack, self._guests, self.name)

    def _domains(self) -> dict[str, Running]:
        """Our guests that Xen has, whether they run or have crashed and are kept."""
        mine = self._ours()
        if not mine:
            return {}
        running = {one.number: one for one in self._toolstack.domains()}
        return {
            name: running[number]
            for name, number in mine.items()
            if number in running and running[number].condition is not Condition.DYING
        }

    def _runs(self, name: str) -> bool:
        running = self._domains().get(name)
        return running is not None and running.condition is not Condition.CRASHED

    def _found(self, name: str, running: Running) -> Found:
        directory = self._guests / name
        state = read_value(directory / STATE, Started)
        at = state.at if state else None
        if running.condition is Condition.CRASHED:
            remark = "its domain is kept for a look at it, until it is destroyed"
            return Found(name, State.CRASHED, running.number, at, remark)
        if find(directory, self._label).keeper is None:
            return Found(name, State.RUNNING, running.number, at, attending.UNKEPT, kept=False)
        remark = "" if state else "its directory is damaged"
        return Found(name, State.RUNNING, running.number, at, remark)

    def _end(self, name: str) -> bool:
        """End what runs of the guest; whether anything ran."""
        directory = self._guests / name
        keeper = find(directory, self._label).keeper
        if keeper is not None:
            keeper.send(DESTROY)
            keeper.wait(_LAST)
        number = self._ours().get(name)
        if number is not None or self._manager.holds(directory):
            self._manager.destroy(directory, number)
            if number is not None and self._ours().get(name) == number:
                raise UserError(
                    f"the guest `{name}` cannot be destroyed",
                    f"domain {number}",
                    f"see what `xl destroy {number}` says, and /var/log/xen",
                )
        left = find(directory, self._label).keeper
        if left is not None:
            left.send(9)
            left.wait(_LAST)
        self._launcher.forget(directory)
        self._site.forget(directory)
        return keeper is not None or number is not None


def _check_shape(spec: GuestSpec) -> None:
    """What QEMU has and Xen has not."""
    for nic in spec.nics:
        if nic.bridge is None:
            raise UserError(
                f"the interface `{nic.name}` is on no bridge, and Xen has no other networks",
                spec.name,
                "name a bridge of the host; `ip link show type bridge` lists those there are",
            )
    if spec.limits.io is not None:
        raise UserError(
            "Xen cannot limit what a guest reads from disks and writes to them",
            "limits.io",
            "leave it out, or run the guest on a host with QEMU",
        )
    if spec.limits.memory is not None and spec.limits.memory < spec.memory:
        raise UserError(
            f"a guest of {spec.memory} MiB cannot be kept within {spec.limits.memory} MiB",
            "limits.memory",
            f"set it to {spec.memory} or more, or leave it out: Xen gives a guest its memory and "
            "no more",
        )


def _without_limits(spec: GuestSpec) -> GuestSpec:
    """For the keeper: the limits are the domain's, and none of its keeper's."""
    return replace(spec, limits=Limits())

"""The driver `libvirt`: guests are transient domains, of which nothing stays when they end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers import attending, check
from fata.deploy.drivers.arguments import guest
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
from fata.deploy.drivers.libvirt_keeper import DOMAIN, LOG
from fata.deploy.drivers.processes import LIBVIRT_KEEPER, anything, find
from fata.deploy.drivers.recorder import DESTROYED
from fata.deploy.drivers.spec import GuestSpec, Limits, Nic
from fata.deploy.drivers.tap import is_bridge
from fata.deploy.drivers.virsh import Virsh, VirshError
from fata.exit_codes import NO_OUTCOME
from fata.qemu import libvirt
from fata.qemu.machine import Accelerator, Machine, UserNic, timer_words
from fata.qemu.preflight import kernel_format
from fata.qemu.publish import assign
from fata.qemu.timestamp import tsc_khz
from functoria.error import UserError

NAME = "libvirt"
SYSTEM = "qemu:///system"
_LAST = 10.0  # seconds that a keeper has to end after its guest


class Libvirt:
    """`Libvirt(guests, uri)` is the driver for guests whose directories are in `guests`.

    `keeper` is the command that runs `fata.deploy.drivers.libvirt_keeper`; the URI and the
    directory are appended.
    """

    def __init__(self, guests: Path, uri: str = SYSTEM, keeper: Sequence[str] = ()) -> None:
        self._guests = guests
        self._virsh = Virsh(uri)
        words = tuple(keeper) or (*default_python(), "-m", "fata.deploy.drivers.libvirt_keeper")
        self._launcher = launcher((*words, uri))

    @property
    def name(self) -> str:
        """`libvirt`."""
        return NAME

    def check(self, spec: GuestSpec) -> None:
        """See `Driver.check`."""
        directory = known(self._guests, spec.name)
        check.check_directory(spec, directory)
        if spec.name in self._virsh.domains() or anything(directory):
            raise check.in_use(spec.name)
        if spec.machine is not Machine.Q35:
            raise UserError(
                f"libvirt has no machine `{spec.machine}`",
                spec.name,
                f"run the guest on `{Machine.Q35}`, for which it is given other words",
            )
        check.check_files(spec)
        kernel_format(spec.kernel)
        check.check_shape(spec)
        check.check_memory(spec)
        check.check_bridges(spec, is_bridge)
        check.check_ports(spec)

    def start(self, spec: GuestSpec) -> None:
        """See `Driver.start`."""
        with locked(self._guests, spec.name):
            self.check(spec)
            nics = tuple(replace(nic, forwards=assign(nic.forwards)) for nic in spec.nics)
            given = replace(spec, nics=nics)
            prepare(given, NAME)
            write(spec.directory / DOMAIN, libvirt.domain_xml(domain(given)).encode())
            try:
                # The limits are the domain's, and none of its keeper's.
                unlimited = replace(given, limits=Limits())
                self._launcher.launch(unlimited, f"{LIBVIRT_KEEPER}{spec.directory}")
                await_start(spec.directory, LIBVIRT_KEEPER)
            except BaseException:
                self._end(spec.name)
                raise

    def attend(self, name: str) -> None:
        """See `Driver.attend`."""
        directory = known(self._guests, name)
        with locked(self._guests, name):
            attending.attend(directory, LIBVIRT_KEEPER, self._launcher, lambda: self._runs(name))

    def list(self) -> tuple[Found, ...]:
        """See `Driver.list`."""
        found = {name: self._running(name) for name in self._ours()}
        for name in names(self._guests, NAME):
            if name not in found:
                found[name] = Found(name, ended(self._guests / name).state)
        return tuple(found[name] for name in sorted(found))

    def stop(self, name: str, seconds: float) -> Outcome:
        """See `Driver.stop`."""
        directory = self._directory(name)
        keeper = find(directory, LIBVIRT_KEEPER).keeper
        if keeper is not None:
            keeper.send(ASK)
            if not keeper.wait(seconds):
                self.destroy(name)
        elif self._runs(name):
            self.destroy(name)
        return ended(directory)

    def destroy(self, name: str) -> None:
        """See `Driver.destroy`."""
        directory = known(self._guests, name)
        with locked(self._guests, name):
            ran = self._end(name)
            if ran and not (directory / OUTCOME).exists() and belongs(directory, NAME):
                outcome = Outcome(NO_OUTCOME, DESTROYED, State.ENDED, time.time())
                try:
                    write_value(directory / OUTCOME, outcome)
                except OSError:
                    return  # it is read off the console

    def statistics(self, name: str) -> Statistics:
        """See `Driver.statistics`."""
        directory = self._directory(name)
        kinds = ("--cpu-total", "--balloon", "--interface", "--block")
        try:
            rows = self._virsh.run("domstats", name, *kinds).splitlines()
        except VirshError as error:
            raise UserError(
                f"the guest `{name}` does not run: {error}",
                str(directory),
                "start it, or deploy it again",
            ) from error
        values = dict(row.strip().split("=", 1) for row in rows if "=" in row)
        return Statistics(
            _sum(values, "cpu.time", "") / 1e9,
            _sum(values, "balloon.rss", "") * 1024,
            _sum_or_none(values, "net.", ".rx.bytes"),
            _sum_or_none(values, "net.", ".tx.bytes"),
            _sum_or_none(values, "block.", ".rd.bytes"),
            _sum_or_none(values, "block.", ".wr.bytes"),
        )

    def outcome(self, name: str) -> Outcome | None:
        """See `Driver.outcome`."""
        directory = known(self._guests, name)
        if not belongs(directory, NAME) or find(directory, LIBVIRT_KEEPER).any or self._runs(name):
            return None
        return ended(directory)

    def console(self, name: str) -> Path:
        """See `Driver.console`."""
        return self._directory(name) / CONSOLE

    def _directory(self, name: str) -> Path:
        directory = known(self._guests, name)
        if not belongs(directory, NAME) and not self._runs(name):
            raise unknown(name)
        return directory

    def _ours(self) -> tuple[str, ...]:
        return tuple(name for name in self._virsh.domains() if self._runs(name))

    def _runs(self, name: str) -> bool:
        """Whether libvirt has the domain, and it is of a guest of this driver's."""
        return self._virsh.directory(name) == self._guests / name

    def _running(self, name: str) -> Found:
        directory = self._guests / name
        try:
            number = int(self._virsh.run("domid", name))
        except (VirshError, ValueError):
            number = None
        state = read_value(directory / STATE, Started)
        at = state.at if state else None
        if find(directory, LIBVIRT_KEEPER).keeper is None:
            return Found(name, State.RUNNING, number, at, attending.UNKEPT, kept=False)
        remark = "" if state else "its directory is damaged"
        return Found(name, State.RUNNING, number, at, remark)

    def _end(self, name: str) -> bool:
        """End what runs of the guest; whether anything ran."""
        directory = self._guests / name
        keeper, there = find(directory, LIBVIRT_KEEPER).keeper, self._runs(name)
        if keeper is not None:
            keeper.send(DESTROY)
            keeper.wait(_LAST)
        if self._runs(name):
            try:
                self._virsh.run("destroy", name)
            except VirshError as error:
                if self._runs(name):
                    raise self._virsh.unreachable(error) from error
        left = find(directory, LIBVIRT_KEEPER).keeper
        if left is not None:
            left.send(9)
            left.wait(_LAST)
        self._launcher.forget(directory)
        return keeper is not None or there


def domain(spec: GuestSpec) -> libvirt.Domain:
    """`domain(spec)` is the guest as libvirt has it; its terminal is its keeper's to read."""
    made = guest(spec)
    emulated = spec.accelerator is Accelerator.TCG
    words = timer_words(made, spec.accelerator, tsc_khz() if emulated else None)
    limits = spec.limits
    return libvirt.Domain(
        name=spec.name,
        kernel=spec.kernel,
        initramfs=spec.initramfs,
        command_line=" ".join((*words, spec.command_line)),
        memory=spec.memory,
        vcpus=spec.vcpus,
        accelerator=spec.accelerator,
        nics=tuple(_nic(nic) for nic in spec.nics),
        disks=made.disks,
        log=spec.directory / LOG,
        limits=libvirt.Limits(limits.cpu, limits.memory, limits.io),
        tags={"directory": str(spec.directory)},
    )


def _nic(nic: Nic) -> UserNic | libvirt.BridgeNic:
    if nic.bridge is not None:
        return libvirt.BridgeNic(nic.mac, nic.bridge)
    return UserNic(nic.mac, nic.forwards, nic.restrict, nic.subnet)


def _sum(values: dict[str, str], start: str, end: str) -> int:
    return _sum_or_none(values, start, end) or 0


def _sum_or_none(values: dict[str, str], start: str, end: str) -> int | None:
    found = [
        int(value)
        for key, value in values.items()
        if key.startswith(start) and key.endswith(end) and value.isdigit()
    ]
    return sum(found) if found else None

"""How soon guests of Xen answer, on a lab, and how soon the lab itself is there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from baseline import site_of
from debian import Debian, debian
from memory import smallest
from results import LabTimes, Xen, XenStart, ratio, samples
from variant import configured

from fata import lab as labs
from fata.build.build import build
from fata.devices.network import DEFAULT
from fata.image.manifest import read
from fata.lab import Forward, Lab
from fata.qemu.wait import wait_http
from fata.xen.addresses import Address, words_of
from fata.xen.guest import Place, configuration
from fata.xen.toolstack import Condition, Toolstack
from functoria import UserError

Report = Callable[[str], None]

ORDINARY = "systemd"
"""What the names of the guests by ordinary means begin with; their type follows."""
TIMED_MEMORY = 256
"""MiB that every guest has while it is timed."""

_LAB = "bench"
_HOME = Path("/root/bench")
_LIMIT = 900.0  # seconds that a start may take, emulated twice over on a busy machine
_SLICE = 30.0  # seconds of asking, in which `wait_http` does not become too slow to be exact
_TYPES = ("pvh", "pv")
_WEIGHED = "pv"  # the type for which needed memory is looked for: it starts soonest
_STEP = 8  # MiB: to that the needed memory is found
_WORDS = (
    "root=/dev/xvda rootfstype=squashfs ro systemd.volatile=state console=hvc0 quiet "
    "loglevel=3 mitigations=off"
)


@dataclass(frozen=True, slots=True)
class Guest:
    """`Guest(name, text, files, address)` is a guest: `text(MiB)` is what `xl create` is given.

    `files` are the kernel and what it mounts, which lie in the lab under their names.
    """

    name: str
    kernel: str
    kind: str
    text: Callable[[int], str]
    files: tuple[Path, ...]
    address: Address

    @property
    def file(self) -> str:
        """Its configuration, in the lab."""
        return f"{_HOME}/{self.name}.xl"


def xen(kernels: Sequence[str], scratch: Path, *, quick: bool, report: Report) -> Xen:
    """`xen(kernels, scratch, ...)` is the figures of guests and of the lab. Raises `UserError`.

    The lab is one of its own, and nothing of it is left.
    """
    guests = (*_ordinary(scratch, report), *_ours(kernels, scratch, report))
    labs.reset(_LAB)
    try:
        lab, times = _lab(1 if quick else 3, report)
        return Xen(times, _starts(lab, guests, quick, report))
    finally:
        labs.reset(_LAB)


def _lab(repeats: int, report: Report) -> tuple[Lab, LabTimes]:
    cold, saved = [], []
    for _ in range(repeats):
        labs.reset(_LAB)
        cold.append(_seconds(lambda: labs.up(_LAB)))
        report(f"the lab from nothing: {cold[-1]:.1f} s")
        labs.down(_LAB)
        saved.append(_seconds(lambda: labs.up(_LAB)))
        report(f"the lab from its saved state: {saved[-1]:.1f} s")
    lab = labs.find(_LAB)
    size = (lab.place.directory / "state").stat().st_size
    first, again = samples(cold, 2), samples(saved, 2)
    return lab, LabTimes(first, again, ratio(again.median, first.median), size)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _ordinary(scratch: Path, report: Report) -> tuple[Guest, ...]:
    address = Address(64)
    directory = scratch / ORDINARY
    project = configured(directory, {"target": "unix"})
    site = site_of(project.directory, directory / "site")
    made = debian(site, address.ipv4, directory, report)
    return tuple(_peer(made, kind, address) for kind in _TYPES)


def _peer(made: Debian, kind: str, address: Address) -> Guest:
    name = f"{ORDINARY}-{kind}"
    kernel, ramdisk, root = (str(_HOME / path.name) for path in made.files)

    def text(memory: int) -> str:
        return "\n".join(
            (
                f'name = "{name}"',
                f'type = "{kind}"',
                f'kernel = "{kernel}"',
                f'ramdisk = "{ramdisk}"',
                f'cmdline = "{_WORDS}"',
                f"memory = {memory}",
                f'disk = ["format=raw, vdev=xvda, access=ro, target={root}"]',
                f'vif = ["mac={address.mac}, bridge={labs.BRIDGE}"]',
                'on_crash = "destroy"',
                "",
            )
        )

    return Guest(name, f"debian {made.version}", kind, text, made.files, address)


def _ours(kernels: Sequence[str], scratch: Path, report: Report) -> tuple[Guest, ...]:
    kinds = itertools.product(kernels, _TYPES)
    return tuple(_our(scratch, *kind, number, report) for number, kind in enumerate(kinds, 65))


def _our(scratch: Path, kernel: str, kind: str, number: int, report: Report) -> Guest:
    name = f"{kernel}-{kind}"
    report(f"building the website for Xen with the kernel {kernel}, {kind}")
    keys = {"target": "xen", "kernel": kernel, "xen-type": kind}
    project = configured(scratch / f"xen-{name}", keys)
    build(project, report)
    made = replace(read(project.output), name=name)
    if made.image is None:
        raise UserError("the build has no image", str(project.output), "report this")
    address = Address(number)
    words = words_of(made, {DEFAULT: address}, ())
    blobs = (made.image.kernel.blob, made.image.initramfs)

    def text(memory: int) -> str:
        place = Place(_HOME, _HOME, macs={DEFAULT: address.mac}, memory=memory)
        return configuration(made, place, words)

    files = tuple(project.output / blob.file for blob in blobs)
    return Guest(name, f"{kernel} {made.image.kernel.version}", kind, text, files, address)


def _starts(lab: Lab, guests: Sequence[Guest], quick: bool, report: Report) -> tuple[XenStart, ...]:
    times: dict[str, list[float]] = {guest.name: [] for guest in guests}
    for number in range(1 if quick else 4):
        turn = number % len(guests)
        for guest in (*guests[turn:], *guests[:turn]):
            found = _answered(lab, guest, TIMED_MEMORY, _LIMIT)
            if found is None:
                raise _silent(lab, guest)
            report(f"{guest.name}: HTTP 200 after {found:.1f} s")
            if number or quick:  # the first round is not counted
                times[guest.name].append(found)
    needs = {
        guest.name: _memory(lab, guest, times, report)
        if guest.kind == _WEIGHED and not quick
        else None
        for guest in guests
    }
    peers = {guest.kind: guest for guest in guests if guest.name.startswith(ORDINARY)}
    return tuple(
        XenStart(
            name=guest.name,
            kernel=guest.kernel,
            type=guest.kind,
            bytes=_bytes(guest),
            size_ratio=ratio(_bytes(guest), _bytes(peers[guest.kind])),
            http=samples(times[guest.name], 2),
            http_ratio=ratio(
                samples(times[guest.name], 2).median,
                samples(times[peers[guest.kind].name], 2).median,
            ),
            timed_memory=TIMED_MEMORY,
            memory=needs[guest.name],
        )
        for guest in guests
    )


def _bytes(guest: Guest) -> int:
    return sum(path.stat().st_size for path in guest.files)


def _memory(lab: Lab, guest: Guest, times: dict[str, list[float]], report: Report) -> int:
    """The smallest memory, with a limit of three times what a start took."""
    limit = max(20.0, 3 * max(times[guest.name]))

    def serves(steps: int) -> bool:
        memory = steps * _STEP
        served = _answered(lab, guest, memory, limit) is not None
        report(f"{guest.name}: {memory} MiB are {'enough' if served else 'too few'}")
        return served

    return smallest(serves, TIMED_MEMORY // _STEP, 4) * _STEP


def _answered(lab: Lab, guest: Guest, memory: int, limit: float) -> float | None:
    """The seconds from `xl create` to HTTP 200; `None` if there is none in time.

    Its files are in the lab only meanwhile: there is no room for those of all.
    """
    lab.copy({str(_HOME / path.name): path for path in guest.files})
    lab.run(["sh", "-c", f"cat >{guest.file}"], guest.text(memory).encode())
    _wait_for_memory(lab, memory)
    forward = lab.publish(Forward(0, guest.address.ipv4, 80, "tcp"))
    try:
        began = time.monotonic()
        lab.run(["xl", "create", "-q", guest.file])
        return _first_answer(lab, guest, forward.host, began, limit)
    finally:
        lab.run(["xl", "destroy", guest.name], check=False)
        lab.run(["rm", "-rf", str(_HOME)])
        lab.withdraw(forward)


def _first_answer(lab: Lab, guest: Guest, port: int, began: float, limit: float) -> float | None:
    """The seconds since `began`; `None` without a 200 in time, and from a guest that has ended."""
    while time.monotonic() - began < limit:
        try:
            reply = wait_http(port, "/", _SLICE)
        except TimeoutError:
            found = Toolstack(lab).find(guest.name)
            if found is None or found.condition is Condition.CRASHED:
                return None
        else:
            return time.monotonic() - began if reply.status == 200 else None
    return None


def _wait_for_memory(lab: Lab, mebibytes: int) -> None:
    """Xen gives the memory of a guest that ended back bit by bit."""
    deadline = time.monotonic() + _LIMIT
    while (free := Toolstack(lab).free_memory()) < mebibytes + 64:
        if time.monotonic() > deadline:
            raise UserError(f"only {free} MiB are free in the lab", _LAB, "report this")
        time.sleep(0.2)


def _silent(lab: Lab, guest: Guest) -> UserError:
    log = f"/var/log/xen/console/guest-{guest.name}.log"
    said = lab.run(["tail", "-n", "5", log], check=False).out.decode(errors="replace")
    return UserError(
        f"`{guest.name}` did not answer with HTTP 200 within {_LIMIT:g} s; its last lines: "
        + "; ".join(said.split("\n")),
        f"the lab `{_LAB}`, {TIMED_MEMORY} MiB",
        "run it again when the machine has less to do",
    )

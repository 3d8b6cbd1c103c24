"""The disks of one run: which file is which disk, made where it may be, and locked."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fata.devices.block import DIRECTORY
from fata.image.manifest import DiskDevice, Manifest
from fata.qemu.machine import Disk
from functoria import SIZE, UsageError, UserError

OPTION = "--disk"
_FORMS = "write `NAME=FILE`, or `NAME=FILE,ro` for one that is only read"


@dataclass(frozen=True, slots=True)
class Attachment:
    """`Attachment(name, file, read_only)` gives the guest `file` as its disk `name`."""

    name: str
    file: Path
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`Plan(device, file, read_only, given)` is a disk of a run; the operator has `given` it."""

    device: DiskDevice
    file: Path
    read_only: bool
    given: bool

    @property
    def where(self) -> str:
        """What to name in an error."""
        return f"{OPTION} {self.device.name}={self.file}" if self.given else str(self.file)

    @property
    def disk(self) -> Disk:
        """The disk as QEMU is told of it."""
        return Disk(
            self.file.absolute(),
            self.read_only,
            serial=self.device.name,
            sector_size=self.device.sector_size,
        )


def parse_disks(texts: Iterable[str]) -> tuple[Attachment, ...]:
    """`parse_disks(["data=data.img,ro"])` is what the texts say. Raises `UsageError`."""
    found: dict[str, Attachment] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        read_only = file.endswith(",ro")
        file = file.removesuffix(",ro")
        if not name or not equals or not file:
            raise UsageError(f"`{text}` does not say which file is which disk", OPTION, _FORMS)
        if name in found:
            raise UsageError(f"the disk `{name}` is given two files", OPTION, "choose one")
        found[name] = Attachment(name, Path(file), read_only)
    return tuple(found.values())


def plan_disks(
    made: Manifest, attachments: Sequence[Attachment], project: Path
) -> tuple[Plan, ...]:
    """`plan_disks(manifest, attachments, project)` is the disks of the guest in declared order.

    A disk that is not given is the file `disks/NAME.img` in the project. Raises `UsageError` for
    a disk that the program does not have.
    """
    names = [device.name for device in made.disks]
    for attachment in attachments:
        if attachment.name not in names:
            known = ", ".join(f"`{name}`" for name in names)
            raise UsageError(
                f"{made.name} has no disk `{attachment.name}`",
                OPTION,
                f"its disks are {known}" if names else "leave it out, or ask for one in config.py",
            )
    given = {attachment.name: attachment for attachment in attachments}
    plans = []
    for device in made.disks:
        default = Attachment(device.name, project / DIRECTORY / f"{device.name}.img")
        attachment = given.get(device.name, default)
        read_only = device.read_only or attachment.read_only
        plans.append(Plan(device, attachment.file, read_only, device.name in given))
    return tuple(plans)


@contextlib.contextmanager
def opened(plans: Sequence[Plan], report: Callable[[str], None]) -> Iterator[None]:
    """Within `opened(plans, report)` the disks are there, and locked against everyone else.

    A missing one that has a size and was not given is made, without taking up space. Raises
    `UserError` for a file that is missing, too small, of no whole sectors or in use.
    """
    with contextlib.ExitStack() as held:
        for plan in plans:
            _make(plan, report)
        files = [_open(plan, held) for plan in plans]
        _check_distinct(plans, files)
        for plan, file in zip(plans, files, strict=True):
            _check_size(plan, os.fstat(file).st_size)
            _lock(plan, file)
        yield


def _make(plan: Plan, report: Callable[[str], None]) -> None:
    size = plan.device.size
    if plan.given or size is None or os.path.lexists(plan.file):
        return
    temporary = plan.file.with_name(f".{plan.file.name}.{os.getpid()}")
    try:
        plan.file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.truncate(size)
            os.fsync(file.fileno())
        try:
            # Unlike a renaming this never replaces what another run has made meanwhile.
            with contextlib.suppress(FileExistsError):
                plan.file.hardlink_to(temporary)
        finally:
            temporary.unlink()
    except OSError as error:
        raise UserError(
            f"the disk `{plan.device.name}` cannot be made: {_text(error)}",
            str(plan.file),
            f"make room there, or give another file: `{OPTION} {plan.device.name}=FILE`",
        ) from None
    report(f"made {plan.file}, {SIZE.show(size)}, for the disk `{plan.device.name}`")


def _open(plan: Plan, held: contextlib.ExitStack) -> int:
    name = plan.device.name
    flags = os.O_RDONLY if plan.read_only else os.O_RDWR
    try:
        file = os.open(plan.file, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        secrets = plan.device.purpose == "secrets"
        empty = f"truncate -s {plan.device.size or '64M'} {plan.file}"
        how = f"tar -C {name} -cf {plan.file} ." if secrets else empty
        raise UserError(
            f"the file for the disk `{name}` is missing",
            plan.where,
            f"make it with `{how}`, or give another: `{OPTION} {name}=FILE`",
        ) from None
    except PermissionError:
        what = "read" if plan.read_only else "written"
        do = "change its mode" + ("" if plan.read_only else f", or `{OPTION} {name}=FILE,ro`")
        raise UserError(f"the disk `{name}` may not be {what}", plan.where, do) from None
    except OSError as error:
        raise UserError(
            f"the disk `{name}` cannot be opened: {_text(error)}", plan.where, "name another file"
        ) from None
    held.callback(os.close, file)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise UserError(
            f"the disk `{name}` is not a file", plan.where, "name the file of a raw image"
        )
    return file


def _check_distinct(plans: Sequence[Plan], files: Sequence[int]) -> None:
    seen: dict[tuple[int, int], Plan] = {}
    for plan, file in zip(plans, files, strict=True):
        status = os.fstat(file)
        other = seen.setdefault((status.st_dev, status.st_ino), plan)
        if other is not plan:
            raise UsageError(
                f"the disks `{other.device.name}` and `{plan.device.name}` are one file",
                plan.where,
                "give each a file of its own",
            )


def _check_size(plan: Plan, size: int) -> None:
    device = plan.device
    if device.size is not None and size < device.size:
        raise UserError(
            f"the disk `{device.name}` has {size} bytes, and the program asks for {device.size} "
            f"({SIZE.show(device.size)})",
            plan.where,
            f"make it larger with `truncate -s {device.size} {plan.file}`, or give another: "
            f"`{OPTION} {device.name}=FILE`",
        )
    if not size or size % device.sector_size:
        raise UserError(
            f"the disk `{device.name}` has {size} bytes, which are no whole sectors of "
            f"{device.sector_size}",
            plan.where,
            f"make it larger with `truncate -s %{device.sector_size} {plan.file}`"
            if size
            else f"make it larger with `truncate -s 64M {plan.file}`",
        )


def _lock(plan: Plan, file: int) -> None:
    kind = fcntl.LOCK_SH if plan.read_only else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"the disk `{plan.device.name}` is in use by another guest or program",
            plan.where,
            f"end that first, or give another file: `{OPTION} {plan.device.name}=FILE`",
        ) from None
    except OSError as error:
        raise UserError(
            f"the disk `{plan.device.name}` cannot be locked: {_text(error)}",
            plan.where,
            "put it on a file system of this machine",
        ) from None


def _text(error: OSError) -> str:
    return (error.strerror or str(error)).lower()

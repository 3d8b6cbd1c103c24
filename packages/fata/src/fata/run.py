"""Running what was built: the guest that a manifest describes, or the process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fata import nics
from fata.arguments import check_arguments
from fata.disks import Attachment as DiskAttachment
from fata.image import manifest
from fata.qemu.accelerator import Choice, Preference, choose
from fata.qemu.machine import Accelerator, Disk, Guest, Machine, TapNic, UserNic
from fata.qemu.preflight import verify
from fata.targets.keys import DEFAULT_MEMORY
from functoria import UsageError, UserError
from libos.boot.command_line import encode

COMMAND_LINE_BYTES = 2048
"""COMMAND_LINE_SIZE of x86 Linux, with the byte that ends the text."""

LAUNCHER = "launch-"
"""How the file is called that runs a program of the target `unix`."""

MICROVM_DEVICES = 8
"""The places for virtio devices on QEMU's machine `microvm` (VIRTIO_NUM_TRANSPORTS)."""


@dataclass(frozen=True, slots=True)
class Options:
    """`Options(...)` is what the operator chooses for one run; `None` leaves it to the manifest."""

    arguments: tuple[str, ...] = ()
    publish: tuple[nics.Publication, ...] = ()
    nics: tuple[nics.Attachment, ...] = ()
    disks: tuple[DiskAttachment, ...] = ()
    memory: int | None = None
    machine: str | None = None
    preference: Preference = Preference.AUTO
    words: tuple[str, ...] = ()


def check(directory: Path) -> manifest.Manifest:
    """`check(directory)` is the manifest there, with every file that it names as it should be.

    Raises `UserError` for a file that is missing, truncated or changed.
    """
    made = manifest.read(directory)
    if made.image is not None:
        for blob in (made.image.kernel.blob, made.image.initramfs):
            verify(directory / blob.file, blob.sha256, blob.size)
    else:
        for record in made.files:
            verify(directory / record.path, record.sha256, record.size)
    return made


def plan(
    directory: Path, made: manifest.Manifest, options: Options, disks: tuple[Disk, ...] = ()
) -> tuple[Guest, Choice]:
    """`plan(directory, manifest, options, disks)` is the guest to start, and on what.

    `disks` are those of the manifest, in declared order. Raises `UserError` for what does not fit
    the image, such as an argument that it does not take.
    """
    image = made.image
    if image is None:
        raise UserError("this build has no image", str(directory), "configure with `-t virtio`")
    check_arguments(made, options.arguments)
    record = _machine(image, options.machine)
    kernel = directory / image.kernel.blob.file
    machine = Machine(record.name)
    choice = choose(options.preference, kernel, machine, image.kernel.blob.sha256)
    vifs = nics.plan_nics(made, options.nics, options.publish)
    nics.check_taps(vifs)
    _check_places(machine, len(vifs) + len(disks))
    guest = Guest(
        kernel=kernel,
        initramfs=directory / image.initramfs.file,
        cmdline=command_line(made, image, record, choice.accelerator, options, vifs),
        memory=options.memory or made.memory or DEFAULT_MEMORY,
        machine=machine,
        machine_options=record.options,
        nics=vifs,
        disks=disks,
    )
    return guest, choice


def _check_places(machine: Machine, devices: int) -> None:
    if machine is Machine.MICROVM and devices > MICROVM_DEVICES:
        raise UsageError(
            f"the machine `{machine}` has {MICROVM_DEVICES} places for devices, and the program "
            f"has {devices} interfaces and disks",
            "--machine",
            f"use `--machine {Machine.Q35}`",
        )


def command_line(
    made: manifest.Manifest,
    image: manifest.Image,
    machine: manifest.MachineRecord,
    accelerator: Accelerator,
    options: Options,
    vifs: tuple[UserNic | TapNic, ...] = (),
) -> str:
    """`command_line(...)` is all that the kernel is told. Raises `UserError` if it is too long."""
    network = nics.addresses_of(made, vifs, options.arguments)
    words = [image.command_line, *machine.command_line, *nics.words_of(made, vifs), *options.words]
    if accelerator is Accelerator.TCG:
        words += image.emulated
    words += (encode(argument) for argument in (*network, *options.arguments))
    line = " ".join(words)
    if len(line) >= COMMAND_LINE_BYTES:
        raise UserError(
            f"the kernel is given {len(line)} bytes of arguments, and reads "
            f"{COMMAND_LINE_BYTES - 1}",
            "the arguments after `--`",
            "shorten them, or have the program read them from elsewhere",
        )
    return line


def _machine(image: manifest.Image, wanted: str | None) -> manifest.MachineRecord:
    for record in image.machines:
        if wanted in (None, record.name) and record.name in {machine.value for machine in Machine}:
            return record
    names = ", ".join(f"`{record.name}`" for record in image.machines)
    raise UsageError(
        f"the image's kernel does not run on the machine `{wanted}`",
        "--machine",
        f"choose one of {names}",
    )


def process_command(directory: Path, made: manifest.Manifest, options: Options) -> tuple[str, ...]:
    """`process_command(directory, manifest, options)` is the command that is the `unix` program."""
    check_arguments(made, options.arguments)
    if options.publish:
        raise UsageError(
            "a process uses the ports of this machine, and publishes none",
            "--publish",
            "leave out `-p`; choose the port with an argument, as `fata run -- --port=8080`",
        )
    if options.nics or options.disks:
        raise UsageError(
            "a process is given no disks and no interfaces",
            "--disk" if options.disks else "--nic",
            "leave it out: a process has the network of this machine, and its disks are files in "
            "`disks` in the project",
        )
    launcher = next((each.path for each in made.files if each.path.startswith(LAUNCHER)), None)
    if launcher is None:
        raise UserError("the launcher is missing", str(directory), "run `fata build` again")
    return (str(directory / launcher), *options.arguments)

"""Running what was built: the guest that a manifest describes, or the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fata.image import manifest
from fata.image.output import output_files
from fata.qemu.accelerator import Choice, Preference, choose
from fata.qemu.machine import Accelerator, Guest, Machine, UserNic
from fata.qemu.preflight import verify
from fata.qemu.publish import Publish
from functoria import UsageError, UserError
from libos.boot.command_line import encode

COMMAND_LINE_BYTES = 2048
"""COMMAND_LINE_SIZE of x86 Linux, with the byte that ends the text."""

USER_NETWORK = ("--ipv4=10.0.2.15/24", "--ipv4-gateway=10.0.2.2", "--dns=10.0.2.3")
"""The addresses of QEMU's user-mode network: said, not asked for, a guest starts sooner."""


@dataclass(frozen=True, slots=True)
class Options:
    """`Options(...)` is what the operator chooses for one run; `None` leaves it to the manifest."""

    arguments: tuple[str, ...] = ()
    publish: tuple[Publish, ...] = ()
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
    return made


def plan(directory: Path, made: manifest.Manifest, options: Options) -> tuple[Guest, Choice]:
    """`plan(directory, manifest, options)` is the guest to start, and on what.

    Raises `UserError` for what does not fit the image, such as an argument that it does not take.
    """
    image = made.image
    if image is None:
        raise UserError("this build has no image", str(directory), "configure with `-t virtio`")
    check_arguments(made, options.arguments)
    record = _machine(image, options.machine)
    kernel = directory / image.kernel.blob.file
    machine = Machine(record.name)
    choice = choose(options.preference, kernel, machine, image.kernel.blob.sha256)
    if options.publish and not made.network:
        raise UsageError(
            f"{made.name} has no network, so that no port of it can be published",
            "--publish",
            "leave out `-p`, or give the program a stack in config.py",
        )
    nics = tuple(
        UserNic(_mac(device.number), options.publish if device.number == 0 else ())
        for device in made.network
    )
    guest = Guest(
        kernel=kernel,
        initramfs=directory / image.initramfs.file,
        cmdline=command_line(made, image, record, choice.accelerator, options),
        memory=options.memory or made.memory or 128,
        machine=machine,
        machine_options=record.options,
        nics=nics,
    )
    return guest, choice


def command_line(
    made: manifest.Manifest,
    image: manifest.Image,
    machine: manifest.MachineRecord,
    accelerator: Accelerator,
    options: Options,
) -> str:
    """`command_line(...)` is all that the kernel is told. Raises `UserError` if it is too long."""
    given = {argument.partition("=")[0] for argument in options.arguments}
    network = [word for word in USER_NETWORK if _takes(made, word)]
    if given & {word.partition("=")[0] for word in USER_NETWORK}:
        network = []
    words = [image.command_line, *machine.command_line, *options.words]
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


def _takes(made: manifest.Manifest, word: str) -> bool:
    return any(word.startswith(f"--{argument.name}=") for argument in made.arguments)


def check_arguments(made: manifest.Manifest, arguments: Sequence[str]) -> None:
    """Raise `UsageError` for a boot argument that the program does not take."""
    names = [argument.name for argument in made.arguments]
    for word in arguments:
        name = word.removeprefix("--").partition("=")[0]
        if word == "--help" or (word.startswith("--") and name in names):
            continue
        known = ", ".join(f"`--{name}`" for name in names) or "none"
        raise UsageError(
            f"{made.name} takes no boot argument `{word}`",
            "the arguments after `--`",
            f"give it `--NAME=VALUE`; its arguments are {known}",
        )


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


def _mac(number: int) -> str:
    """A locally administered address, the same at every run: nothing outside ever sees it."""
    return f"52:54:00:fa:7a:{number:02x}"


def process_command(directory: Path, made: manifest.Manifest, options: Options) -> tuple[str, ...]:
    """`process_command(directory, manifest, options)` is the command that is the `unix` program."""
    check_arguments(made, options.arguments)
    if options.publish:
        raise UsageError(
            "a process uses the ports of this machine, and publishes none",
            "--publish",
            "leave out `-p`; choose the port with an argument, as `fata run -- --port=8080`",
        )
    launcher = next((path for path in output_files(directory) if path.suffix == ".py"), None)
    if launcher is None:
        raise UserError("the launcher is missing", str(directory), "run `fata build` again")
    return (str(launcher), *options.arguments)

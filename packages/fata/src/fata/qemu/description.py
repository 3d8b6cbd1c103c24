"""The guest of QEMU that a manifest describes, for libvirt: a file beside the image."""

from __future__ import annotations

from pathlib import Path

from fata import nics
from fata.devices.block import DIRECTORY
from fata.devices.target import VIRTIO, XEN
from fata.image.manifest import FILE_NAME, Image, MachineRecord, Manifest, read
from fata.image.output import Text
from fata.qemu.accelerator import likely
from fata.qemu.libvirt import BridgeNic, Domain, domain_xml
from fata.qemu.machine import Accelerator, Disk, Guest, Machine, timer_words
from fata.targets.keys import DEFAULT_MEMORY
from fata.tool import TOOL
from fata.xen.bridge import bridge
from functoria import UserError

DEFAULT_BRIDGE = "virbr0"
"""That of the network which libvirt brings along, for machines that have no bridge yet."""


def texts(made: Manifest, project: Path, output: Path) -> tuple[Text, ...]:
    """`texts(manifest, project, output)` is `NAME.libvirt.xml`: the guest on this machine."""
    found = domain(made, project, output)
    return (Text(f"{made.name}.libvirt.xml", domain_xml(found).encode()),)


def text(project: Path, output: Path) -> str:
    """`text(project, output)` is that of the last build, as it would be written now.

    Raises `UserError` where nothing is built, or nothing that is a guest.
    """
    return domain_xml(domain(read(output), project, output))


def domain(
    made: Manifest,
    project: Path,
    output: Path,
    accelerator: Accelerator | None = None,
    bridge_name: str | None = None,
) -> Domain:
    """`domain(manifest, project, output)` is the guest, as libvirt has it on this machine.

    It is emulated where `fata run` would do so as far as is known, and its interfaces are on a
    bridge that is there, unless something else is said. Its files have absolute paths.
    """
    image, machine = _image(made, output)
    kernel = output.absolute() / image.kernel.blob.file
    if accelerator is None:
        accelerator = likely(kernel, Machine.Q35, image.kernel.blob.sha256)
    name = bridge_name or bridge(otherwise=DEFAULT_BRIDGE)
    vifs = tuple(
        BridgeNic(nics.mac_on(made.name, device.name, name), name) for device in made.network
    )
    words = (
        *timer_words(Guest(kernel), accelerator),
        image.command_line,
        *machine.command_line,
        *nics.words_of(made, vifs),
        *(image.emulated if accelerator is Accelerator.TCG else ()),
    )
    return Domain(
        name=made.name,
        kernel=kernel,
        initramfs=output.absolute() / image.initramfs.file,
        command_line=" ".join(words),
        memory=made.memory or DEFAULT_MEMORY,
        accelerator=accelerator,
        nics=vifs,
        disks=tuple(
            Disk(
                project.absolute() / DIRECTORY / f"{disk.name}.img",
                disk.read_only,
                serial=disk.name,
                sector_size=disk.sector_size,
            )
            for disk in made.disks
        ),
        comment="\n     ".join((_head(made), *_remarks(made, accelerator))),
    )


def _image(made: Manifest, output: Path) -> tuple[Image, MachineRecord]:
    """What boots, and how its kernel takes the board."""
    if made.target != VIRTIO or made.image is None:
        raise UserError(
            f"what is built there is for the target `{made.target}`",
            str(output / FILE_NAME),
            f"configure with `-t {VIRTIO}` or `-t {XEN}` and build again",
        )
    for machine in made.image.machines:
        if machine.name == Machine.Q35:
            return made.image, machine
    raise UserError(
        f"libvirt's guests are on the machine `{Machine.Q35}`, which this kernel does not know",
        str(output / FILE_NAME),
        "build the image again with `fata build`",
    )


def _head(made: Manifest) -> str:
    return TOOL.head(f"{made.name} on QEMU: libvirt's domain XML")


def _remarks(made: Manifest, accelerator: Accelerator) -> tuple[str, ...]:
    """What an operator has to see to before the guest can start."""
    sizes = (
        disk.name + (f" ({disk.size} bytes at least)" if disk.size else "") for disk in made.disks
    )
    required = [argument.name for argument in made.arguments if argument.required]
    return (
        "Boot arguments go to the end of `cmdline`, as words that begin with `fata.arg=`.",
        *((f"Without {', '.join(required)} it cannot start.",) * bool(required)),
        *((f"Disks, raw files that have to be there: {', '.join(sizes)}.",) if made.disks else ()),
        *(
            ("The type `qemu` emulates, as KVM does not work on this machine.",)
            * (accelerator is Accelerator.TCG)
        ),
    )

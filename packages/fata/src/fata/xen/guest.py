"""The guest of Xen that a manifest describes, for xl.cfg(5) and for libvirt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from fata.devices.block import DIRECTORY
from fata.devices.target import XEN
from fata.image.manifest import FILE_NAME, DiskDevice, Image, Manifest
from fata.targets.keys import DEFAULT_MEMORY, XEN_TYPE
from fata.tool import TOOL
from fata.xen.bridge import DEFAULT
from functoria import UserError
from libos.boot.command_line import encode
from xlcfg import Action, Block, Disk, Domain, Guest, Network, Vif, XlcfgError, to_libvirt

T = TypeVar("T")

COMMAND_LINE_BYTES = {Guest.PV: 1024, Guest.PVH: 2048}
"""What Xen hands over, with the byte that ends the text: MAX_GUEST_CMDLINE for PV guests, and for
PVH what Linux reads, COMMAND_LINE_SIZE."""


@dataclass(frozen=True, slots=True)
class Place:
    """`Place(output, disks, bridge, ...)` is what a machine decides: where the guest's things are.

    `output` is the directory of the build and `disks` that of the disks which are not in `files`,
    both absolute. Interfaces are on `bridge` but for those in `bridges`; `macs` are the hardware
    addresses of those that do not get one at random each time. A guest that crashed is kept for
    a look at it, unless `on_crash` says otherwise.
    """

    output: Path
    disks: Path
    bridge: str = DEFAULT
    files: Mapping[str, Path] = field(default_factory=dict)
    bridges: Mapping[str, str] = field(default_factory=dict)
    macs: Mapping[str, str] = field(default_factory=dict)
    memory: int | None = None
    on_crash: Action = Action.PRESERVE


def place_of(project: Path, output: Path, bridge: str) -> Place:
    """`place_of(project, output, bridge)` is this machine, with the disks of the project."""
    return Place(output.absolute(), project.absolute() / DIRECTORY, bridge)


def domain(made: Manifest, place: Place, arguments: tuple[str, ...] = ()) -> Domain:
    """`domain(manifest, place, arguments)` is the guest, given these boot arguments.

    Disks and interfaces are in declared order, the disks by the names that the guest was told.
    Raises `UserError` for a manifest of another target, and for arguments that are too long.
    """
    image = _image(made, place)
    kind = Guest(made.keys[XEN_TYPE.name])
    return Domain(
        name=made.name,
        type=kind,
        kernel=str(place.output / image.kernel.blob.file),
        ramdisk=str(place.output / image.initramfs.file),
        cmdline=image.command_line,
        arguments=_arguments(image, kind, arguments),
        memory=place.memory or made.memory or DEFAULT_MEMORY,
        vcpus=1,
        # The guest ends by a restart, which Xen carries out for each of its types in one way.
        on_poweroff=Action.DESTROY,
        on_reboot=Action.DESTROY,
        on_crash=place.on_crash,
        blocks=tuple(_block(disk, place) for disk in made.disks),
        networks=tuple(
            Network(
                device.name,
                Vif(
                    mac=place.macs.get(device.name, ""),
                    bridge=place.bridges.get(device.name, place.bridge),
                ),
            )
            for device in made.network
        ),
    )


def configuration(made: Manifest, place: Place, arguments: tuple[str, ...] = ()) -> str:
    """`configuration(manifest, place, arguments)` is the text that `xl create` takes."""
    found = domain(made, place, arguments)
    comment = (
        _head(made, "xl.cfg(5)"),
        "Start it with `xl create -c` and this file; it ends with a line that says how.",
        *_remarks(made),
    )
    return _said(lambda: replace(found, comment=comment).render(), place)


def template(made: Manifest, place: Place) -> str:
    """`template(manifest, place)` is the same with placeholders for what a host decides.

    What the image itself needs to be told stays; `@ARGS@` stands for the boot arguments.
    """
    found = domain(made, place)
    comment = (
        _head(made, "a template of xl.cfg(5)"),
        "`xlcfg fill` makes a configuration of it; ARGS are the boot arguments of the program.",
        *_remarks(made),
    )

    return _said(lambda: replace(found, arguments="", comment=comment).template(), place)


def libvirt(made: Manifest, place: Place) -> str:
    """`libvirt(manifest, place)` is the guest as libvirt's domain XML."""
    found = domain(made, place)
    text, left = _said(lambda: to_libvirt(found.document()), place)
    if left:
        raise UserError(
            f"libvirt has no words for {', '.join(left)}",
            str(place.output),
            "use the configuration of Xen's own toolstack: `fata query xl`",
        )
    head = _head(made, "libvirt's domain XML")
    return f"<!-- {head} -->\n{text}"


def _image(made: Manifest, place: Place) -> Image:
    if made.target != XEN or made.image is None:
        raise UserError(
            f"what is built there is for the target `{made.target}`",
            str(place.output / FILE_NAME),
            f"configure with `-t {XEN}` and build again",
        )
    return made.image


def _arguments(image: Image, kind: Guest, arguments: tuple[str, ...]) -> str | None:
    """The words that carry the boot arguments; `None` if there are none."""
    words = " ".join(encode(argument) for argument in arguments)
    length, most = len(f"{image.command_line} {words}"), COMMAND_LINE_BYTES[kind]
    if length >= most:
        raise UserError(
            f"the kernel is given {length} bytes of arguments, and a guest of the type "
            f"{kind.value} reads {most - 1}",
            "the boot arguments",
            "shorten them, or have the program read them from elsewhere",
        )
    return words or None


def _block(device: DiskDevice, place: Place) -> Block:
    file = place.files.get(device.name, place.disks / f"{device.name}.img")
    disk = Disk(target=str(file), vdev=device.vdev or "", writable=not device.read_only)
    return Block(device.name, disk)


def _head(made: Manifest, what: str) -> str:
    return TOOL.head(f"{made.name} on Xen: {what}")


def _remarks(made: Manifest) -> tuple[str, ...]:
    """What an operator has to see to before the guest can start."""
    sizes = (
        f"{disk.name} ({disk.vdev}" + (f", {disk.size} bytes at least)" if disk.size else ")")
        for disk in made.disks
    )
    required = [f"--{argument.name}" for argument in made.arguments if argument.required]
    return (
        *((f"Disks, raw files that have to be there: {', '.join(sizes)}.",) if made.disks else ()),
        *((f"Boot arguments that it cannot do without: {', '.join(required)}.",) * bool(required)),
    )


def _said(text: Callable[[], T], place: Place) -> T:
    try:
        return text()
    except XlcfgError as error:
        raise UserError(
            f"no configuration of Xen can say this: {error.what}",
            str(place.output),
            "move the project to a directory whose name has printable characters only",
        ) from None

"""The descriptions of a guest as files beside its image, and as answers to `fata query`."""

from __future__ import annotations

from pathlib import Path

from fata.image.manifest import Manifest, read
from fata.image.output import Text
from fata.xen import guest
from fata.xen.bridge import bridge
from fata.xen.guest import place_of


def texts(made: Manifest, project: Path, output: Path) -> tuple[Text, ...]:
    """`texts(manifest, project, output)` is the files that describe the guest on this machine.

    `NAME.xl` starts it here, `NAME.xl.in` is the template of that for any host, and
    `NAME.libvirt.xml` is for libvirt.
    """
    place = place_of(project, output, bridge())
    return (
        Text(f"{made.name}.xl", guest.configuration(made, place).encode()),
        Text(f"{made.name}.xl.in", guest.template(made, place).encode()),
        Text(f"{made.name}.libvirt.xml", guest.libvirt(made, place).encode()),
    )


def text(kind: str, project: Path, output: Path) -> str:
    """`text("xl", project, output)` is `NAME.xl` of the last build, as it would be written now.

    Raises `UserError` where nothing is built, or something for another target.
    """
    place = place_of(project, output, bridge())
    made = read(output)
    match kind:
        case "xl":
            return guest.configuration(made, place)
        case "xl-in":
            return guest.template(made, place)
        case _:
            return guest.libvirt(made, place)

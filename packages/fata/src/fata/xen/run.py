"""Running a build for Xen: on this machine if it is a Xen host, and otherwise on the lab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fata.disks import Plan
from fata.image.manifest import Manifest
from fata.qemu.outcome import Outcome
from fata.run import Options
from fata.xen import on_host, on_lab
from fata.xen.follow import Session
from fata.xen.runner import CAPABILITIES, Here, is_xen_host
from fata.xen.toolstack import Toolstack
from functoria import UsageError


def check_options(
    options: Options, disks: Sequence[Plan], capabilities: Path = CAPABILITIES
) -> None:
    """Raise `UserError` for what cannot be had where the guest will run."""
    for option, value in (("--nic", options.nics), ("--machine", options.machine)):
        if value:
            raise UsageError(
                f"`{option}` is for guests of QEMU, and this build is for Xen",
                option,
                "leave it out; the guest is on the bridge of the Xen host",
            )
    if is_xen_host(capabilities):
        on_host.check_options(options)
    else:
        on_lab.check_options(options, tuple(disks))


def run(made: Manifest, options: Options, session: Session) -> Outcome:
    """`run(manifest, options, session)` is how the guest ended.

    On the lab, which is left running, the disks are copied, and back when the guest has ended; on
    a Xen host they are used where they are. Raises `UserError`.
    """
    image = made.image
    if image is not None and options.words:
        line = " ".join((image.command_line, *options.words))
        made = replace(made, image=replace(image, command_line=line))
    if is_xen_host():
        return on_host.run(Toolstack(Here()), made, options, session)
    from fata.lab import ensure

    session.report("this machine is no Xen host: using the lab, Xen inside QEMU, emulated")
    return on_lab.run(ensure(report=session.report), made, options, session)

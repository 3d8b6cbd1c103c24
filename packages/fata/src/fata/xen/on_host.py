"""Running a build for Xen on this machine, which is a Xen host: disks and bridge are its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fata.image.manifest import Manifest
from fata.qemu.outcome import Outcome
from fata.run import Options
from fata.xen.bridge import INTERFACES, bridge
from fata.xen.check import check
from fata.xen.follow import Session, follow
from fata.xen.guest import Place, configuration, domain
from fata.xen.toolstack import Toolstack
from functoria import UsageError
from xlcfg import Action


def check_options(options: Options) -> None:
    """Raise `UsageError` for what only a lab has."""
    if options.publish:
        raise UsageError(
            "a guest on a Xen host is on its bridge, and no port of this machine leads to it",
            "--publish",
            "leave out `-p`, and reach the guest by its own address: the one that DHCP gave it, "
            "which it prints, or `fata run -- --ipv4=ADDRESS/LENGTH`",
        )


def run(
    toolstack: Toolstack,
    made: Manifest,
    options: Options,
    session: Session,
    interfaces: Path = INTERFACES,
) -> Outcome:
    """`run(toolstack, manifest, options, session)` is how the guest ended."""
    place = Place(
        session.output.absolute(),
        session.output.absolute(),
        bridge=bridge(interfaces),
        files={plan.device.name: plan.file.absolute() for plan in session.disks},
        memory=options.memory,
        on_crash=Action.DESTROY,
    )
    text = configuration(made, place, options.arguments)
    found = domain(made, place, options.arguments)
    check(toolstack, found, Path(found.kernel))
    if made.network:
        session.report(f"{made.name} is on the bridge `{place.bridge}`")
    with tempfile.NamedTemporaryFile(prefix="fata-run-", suffix=".xl") as file:
        file.write(text.encode())
        file.flush()
        return follow(toolstack, made.name, file.name, session)

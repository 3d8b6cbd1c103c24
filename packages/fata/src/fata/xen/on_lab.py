"""Running a build for Xen on the lab: what it needs goes there, and its disks come back."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fata.disks import Plan
from fata.image.manifest import Manifest
from fata.lab import Forward, Lab
from fata.qemu.outcome import Outcome
from fata.qemu.publish import LOOPBACK
from fata.run import Options
from fata.xen.addresses import Address, choose, words_of
from fata.xen.check import check
from fata.xen.follow import Session, follow
from fata.xen.guest import Place, configuration, domain
from fata.xen.toolstack import Toolstack
from functoria import SIZE, UsageError, UserError
from functoria.action import write_file
from xlcfg import Action

DISKS_BYTES = 128 << 20
"""What the disks of a guest may have together: they are in the memory of the lab."""


def check_options(options: Options, disks: tuple[Plan, ...]) -> None:
    """Raise `UserError` for what cannot be had on the lab."""
    for publication in options.publish:
        if publication.port.address != LOOPBACK:
            raise UsageError(
                f"a port of the lab cannot be published on {publication.port.address}",
                "--publish",
                f"leave the address out, for {LOOPBACK}",
            )
    size = sum(plan.file.stat().st_size for plan in disks if plan.file.exists())
    if size > DISKS_BYTES:
        raise UserError(
            f"the disks have {SIZE.show(size)}, and the lab has room for {SIZE.show(DISKS_BYTES)}",
            str(disks[0].file.parent),
            "give smaller ones with `--disk`, or run the guest on a Xen host",
        )


def run(lab: Lab, made: Manifest, options: Options, session: Session) -> Outcome:
    """`run(lab, manifest, options, session)` is how the guest ended on a lab, which runs on."""
    toolstack = Toolstack(lab)
    home = f"/root/run/{made.name}"
    chosen = choose(made, toolstack.xenstore())
    place = Place(
        Path(home),
        Path(home),
        macs={name: address.mac for name, address in chosen.items()},
        memory=options.memory,
        on_crash=Action.DESTROY,
    )
    arguments = (*words_of(made, chosen, options.arguments), *options.arguments)
    _check(toolstack, made, place, session)
    with contextlib.ExitStack() as held:
        file = _sent(lab, made, place, configuration(made, place, arguments), session)
        held.callback(lab.run, ["rm", "-rf", home], check=False)
        for forward in _published(lab, made, options, chosen, session.report):
            held.callback(lab.withdraw, forward)
        try:
            return follow(toolstack, made.name, file, session)
        finally:
            _bring_back(lab, session, home)


def _check(toolstack: Toolstack, made: Manifest, place: Place, session: Session) -> None:
    image = made.image
    if image is not None:
        kernel = session.output / image.kernel.blob.file
        check(toolstack, domain(made, place), kernel, placed=False)


def _sent(lab: Lab, made: Manifest, place: Place, text: str, session: Session) -> str:
    """Copy what the guest needs; the path of its configuration there."""
    image, home = made.image, place.output
    blobs = () if image is None else (image.kernel.blob.file, image.initramfs.file)
    files = {f"{home}/{name}": session.output / name for name in blobs}
    files |= {f"{home}/{plan.device.name}.img": plan.file for plan in session.disks}
    target = f"{home}/{made.name}.xl"
    with tempfile.NamedTemporaryFile(prefix="fata-run-", suffix=".xl") as local:
        local.write(text.encode())
        local.flush()
        lab.copy({**files, target: Path(local.name)})
    return target


def _published(
    lab: Lab,
    made: Manifest,
    options: Options,
    chosen: dict[str, Address],
    report: Callable[[str], None],
) -> Iterator[Forward]:
    names = [device.name for device in made.network]
    for publication in options.publish:
        name = publication.name or next(iter(names), None)
        if name not in names:
            raise UsageError(
                f"{made.name} has no interface `{name}`" if name else f"{made.name} has no network",
                "--publish",
                f"its interfaces are {', '.join(names)}" if names else "leave out `-p`",
            )
        port = publication.port
        forward = lab.publish(Forward(port.host, chosen[name].ipv4, port.guest, port.protocol))
        of = f" of `{name}`" if len(names) > 1 else ""
        report(f"{LOOPBACK}:{forward.host} leads to port {forward.guest}/{forward.protocol}{of}")
        yield forward


def _bring_back(lab: Lab, session: Session, home: str) -> None:
    for plan in session.disks:
        if not plan.read_only:
            content = lab.run(["cat", f"{home}/{plan.device.name}.img"]).out
            mode = plan.file.stat().st_mode & 0o777
            write_file(plan.file, content, mode)

"""Running a build for Xen on this machine: on the lab, a real Xen host inside QEMU."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fata.disks import Plan
from fata.image.manifest import Manifest
from fata.lab import Forward, Lab, ensure
from fata.qemu.console import Lines, Reading
from fata.qemu.outcome import Outcome
from fata.qemu.publish import LOOPBACK
from fata.run import Options
from fata.xen.addresses import Address, choose, words_of
from fata.xen.guest import Place, configuration
from functoria import SIZE, UsageError, UserError
from functoria.action import write_file
from xlcfg import Action

CAPABILITIES = Path("/proc/xen/capabilities")
"""Where Linux says that it is the control domain of a Xen host."""

DISKS_BYTES = 128 << 20
"""What the disks of a guest may have together: they are in the memory of the lab."""


@dataclass(frozen=True, slots=True)
class Session:
    """`Session(output, disks, console, report, show)` is one run, as the command line has it.

    `report` takes what is said of it, `show` what the guest prints; all of that is in `console`.
    """

    output: Path
    disks: tuple[Plan, ...]
    console: Path
    report: Callable[[str], None]
    show: Callable[[bytes], None]


def check_options(made: Manifest, output: Path, options: Options, disks: Sequence[Plan]) -> None:
    """Raise `UserError` for what cannot be had on the lab, and on a Xen host, which needs none."""
    if "control_d" in _text(CAPABILITIES):
        file = output / f"{made.name}.xl"
        raise UserError(
            "this machine is a Xen host, and runs guests without `fata run`",
            str(file),
            f"run `xl create -c {shlex.quote(str(file))}`",
        )
    for option, value in (("--nic", options.nics), ("--machine", options.machine)):
        if value:
            raise UsageError(
                f"`{option}` is for guests of QEMU, and this build is for Xen",
                option,
                "leave it out; the guest is on the bridge of the lab",
            )
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


def run(made: Manifest, options: Options, session: Session) -> Outcome:
    """`run(manifest, options, session)` is how the guest ended on the lab, which is left running.

    The disks are copied there, and back when the guest has ended. Raises `UserError`.
    """
    session.report("this machine is no Xen host: using the lab, Xen inside QEMU, emulated")
    lab = ensure(report=session.report)
    home = f"/root/run/{made.name}"
    chosen = choose(made, lab.run(["xenstore-ls", "-f"]).out.decode(errors="replace"))
    with contextlib.ExitStack() as held:
        _refuse_second(lab, made)
        file = _sent(lab, made, options, session, chosen, home)
        held.callback(lab.run, ["rm", "-rf", home], check=False)
        for forward in _published(lab, made, options, chosen, session.report):
            held.callback(lab.withdraw, forward)
        try:
            return _followed(lab, made.name, file, session)
        finally:
            lab.run(["xl", "destroy", made.name], check=False)
            _bring_back(lab, session, home)


def _refuse_second(lab: Lab, made: Manifest) -> None:
    if lab.run(["xl", "domid", made.name], check=False).code == 0:
        raise UserError(
            f"the lab runs a guest `{made.name}` already",
            None,
            f"end it: `fata lab ssh -- xl destroy {made.name}`",
        )


def _sent(
    lab: Lab,
    made: Manifest,
    options: Options,
    session: Session,
    chosen: dict[str, Address],
    home: str,
) -> str:
    """Copy what the guest needs; the path of its configuration there."""
    place = Place(
        Path(home),
        Path(home),
        macs={name: address.mac for name, address in chosen.items()},
        memory=options.memory,
        on_crash=Action.DESTROY,
    )
    image = made.image
    if image is not None and options.words:
        line = " ".join((image.command_line, *options.words))
        made = replace(made, image=replace(image, command_line=line))
    words = words_of(made, chosen, options.arguments)
    text = configuration(made, place, (*words, *options.arguments))
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


def _followed(lab: Lab, name: str, file: str, session: Session) -> Outcome:
    """Start the guest and stay with its console until it has ended."""
    began = time.monotonic()
    reading, lines, interrupts = Reading(), Lines(), 0
    with (
        session.console.open("wb") as kept,
        subprocess.Popen(
            lab.command(["xl", "create", "-q", "-c", file]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # ctrl-C is for us to pass on
        ) as child,
    ):
        if child.stdout is None:
            raise TypeError("a child without a pipe")
        while True:
            try:
                data = os.read(child.stdout.fileno(), 65536)
            except KeyboardInterrupt:
                interrupts += 1
                request = "shutdown" if interrupts == 1 else "destroy"
                lab.run(["xl", request, name], check=False)
                continue
            if not data:
                break
            kept.write(data)
            session.show(data)
            for line in lines.feed(data):
                reading.line(line)
        for line in lines.end():
            reading.line(line)
        status = child.wait()
    seconds = time.monotonic() - began
    verdict = reading.verdict
    if verdict is not None:
        return Outcome(verdict.code, verdict.reason, session.console, seconds)
    reason = reading.diagnosis() or f"`xl create` ended with {status}: {reading.last or 'no word'}"
    return Outcome(None, reason, session.console, seconds, interrupted=interrupts > 0)


def _bring_back(lab: Lab, session: Session, home: str) -> None:
    for plan in session.disks:
        if not plan.read_only:
            content = lab.run(["cat", f"{home}/{plan.device.name}.img"]).out
            mode = plan.file.stat().st_mode & 0o777
            write_file(plan.file, content, mode)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

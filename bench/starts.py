"""Starting the images, by turns, and finding what memory each needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from baseline import baseline
from boot import Boot, boot
from memory import smallest
from ours import ours
from results import Start, compared, samples
from variant import Variant

from functoria import UserError

Report = Callable[[str], None]

TIMED_MEMORY = 256
"""MiB that every guest has while it is timed: enough for all of them."""

_LIMIT = 60.0  # seconds that a start may take


def starts(
    kernels: Sequence[str], scratch: Path, *, quick: bool, report: Report
) -> tuple[Start, ...]:
    """`starts(kernels, scratch, ...)` is the figures of the baseline, then of each kernel.

    Raises `UserError` if something cannot be built, or does not answer.
    """
    variants = [baseline(scratch, report)]
    for kernel in kernels:
        report(f"building the website with the kernel {kernel}")
        variants.append(ours(kernel, scratch, report))
    log = scratch / "console.log"
    boots = _by_turns(variants, 2 if quick else 5, log, report)
    found = []
    for variant in variants:
        need = None if quick else _memory(variant, boots[variant.name], log, report)
        found.append(_start(variant, boots[variant.name], need))
    base = found[0]
    return (base, *(replace(start, ratios=compared(start, base)) for start in found[1:]))


def _by_turns(
    variants: Sequence[Variant], rounds: int, log: Path, report: Report
) -> dict[str, list[Boot]]:
    """Each variant started once per round, so that what else the machine does hits all alike.

    One start of each beforehand fills the page cache, and is not counted.
    """
    boots: dict[str, list[Boot]] = {variant.name: [] for variant in variants}
    for number in range(rounds + 1):
        turn = number % len(variants)
        for variant in (*variants[turn:], *variants[:turn]):
            made = boot(replace(variant.guest, memory=TIMED_MEMORY), log, _LIMIT)
            if made is None:
                raise _silent(variant, log)
            if number:
                boots[variant.name].append(made)
            report(f"{variant.name}: HTTP 200 after {made.http:.0f} ms")
    return boots


def _silent(variant: Variant, log: Path) -> UserError:
    console = log.read_text(errors="replace").strip().splitlines()[-5:]
    return UserError(
        f"`{variant.name}` did not answer with HTTP 200 within {_LIMIT:g} s; its last lines: "
        + "; ".join(console),
        f"{variant.kernel}, {TIMED_MEMORY} MiB",
        "run it again when the machine has less to do",
    )


def _memory(variant: Variant, boots: Sequence[Boot], log: Path, report: Report) -> int:
    """The smallest memory, with a limit of five times what a start took."""
    limit = max(10.0, 5 * max(made.http for made in boots) / 1000)

    def serves(memory: int) -> bool:
        served = boot(replace(variant.guest, memory=memory), log, limit) is not None
        report(f"{variant.name}: {memory} MiB are {'enough' if served else 'too few'}")
        return served

    return smallest(serves, TIMED_MEMORY)


def _start(variant: Variant, boots: Sequence[Boot], memory: int | None) -> Start:
    guest = variant.guest
    return Start(
        name=variant.name,
        kernel=variant.kernel,
        machine=guest.machine.value,
        kernel_bytes=guest.kernel.stat().st_size,
        root_bytes=0 if guest.initramfs is None else guest.initramfs.stat().st_size,
        unpacked_bytes=variant.unpacked,
        files=variant.files,
        timed_memory=TIMED_MEMORY,
        first_line=samples([made.first_line for made in boots]),
        http=samples([made.http for made in boots]),
        cpu=samples([made.cpu for made in boots]),
        memory=memory,
    )

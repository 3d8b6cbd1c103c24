"""The addresses that a guest is told at boot, so that it need not ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fata.devices.network import DEFAULT
from fata.image.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Told:
    """`Told("10.0.2.15/24", "10.0.2.2", "10.0.2.3")` is an address, its router and resolver."""

    ipv4: str
    gateway: str
    resolver: str


def arguments_of(
    made: Manifest, told: Sequence[Told | None], given: Sequence[str]
) -> tuple[str, ...]:
    """`arguments_of(manifest, told, given)` is the boot arguments that say the addresses.

    `told` has one for each interface, in declared order, or `None` for one that asks. The first
    interface has the way out. One for which the operator has `given` arguments is left to them.
    """
    takes = {argument.name for argument in made.arguments}
    chosen = {word.removeprefix("--").partition("=")[0] for word in given}
    words: list[str] = []
    for number, (device, one) in enumerate(zip(made.network, told, strict=True)):
        group = "" if device.name == DEFAULT else f"{device.name}-"
        names = (f"{group}ipv4", f"{group}ipv4-gateway", f"{group}dns")
        if one is None or not chosen.isdisjoint(names):
            continue
        values = (one.ipv4, one.gateway, one.resolver)[: 1 if number else 3]
        pairs = zip(names, values, strict=False)
        words += (f"--{name}={value}" for name, value in pairs if name in takes)
    return tuple(words)

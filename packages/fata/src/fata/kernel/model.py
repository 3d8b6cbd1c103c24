"""What a kernel is to the rest of fata: an image to boot, and facts about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from functoria.error import UserError


@dataclass(frozen=True, slots=True)
class KernelModule:
    """`KernelModule(name, path)` is one uncompressed module file, named as in /proc/modules."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Machine:
    """`Machine(name, options, transport, cmdline)` is a QEMU machine that a kernel can run on.

    `options` follow the name in `-machine NAME,OPTIONS`; `transport` is `mmio` or `pci`: which kind
    of virtio device the machine takes; `cmdline` are the kernel's words for this machine alone.
    """

    name: str
    options: tuple[str, ...] = ()
    transport: str = "mmio"
    cmdline: tuple[str, ...] = ()

    @property
    def argument(self) -> str:
        """What follows `-machine`."""
        return ",".join((self.name, *self.options))


@dataclass(frozen=True, slots=True)
class Kernel:
    """`Kernel` is a kernel in the cache, ready for QEMU's `-kernel`, its digests checked.

    * `provider`: `tiny` or `debian`; `profile`: the composition of fragments it was built from,
      and the name of the package's flavour for one that was not built here;
    * `key`: the digest of all that it was made from, in hexadecimal: its own among its kind;
    * `version`: what `uname -r` answers in the guest;
    * `package`, `package_version`: the distribution's package it comes from;
    * `image`, `image_digest`; `config`, `config_digest`: files and their sha256 in hexadecimal;
    * `machines`: what it runs on, the fastest to start first;
    * `cmdline`: words that every guest of this kernel wants on QEMU; `cmdline_emulated`: those to
      add where instructions are emulated (TCG), which would be wrong with hardware virtualisation.
    """

    provider: str
    profile: str
    key: str
    version: str
    package: str
    package_version: str
    image: Path
    image_digest: str
    config: Path
    config_digest: str
    machines: tuple[Machine, ...]
    cmdline: tuple[str, ...]
    cmdline_emulated: tuple[str, ...]
    features: dict[str, tuple[KernelModule, ...]] = field(hash=False, repr=False)

    def modules(self, features: tuple[str, ...]) -> tuple[KernelModule, ...]:
        """The modules to load for `features`, in load order; empty where all is built in.

        Raises `UserError` for a feature this kernel cannot serve.
        """
        order: dict[str, KernelModule] = {}
        for feature in features:
            if feature not in self.features:
                raise UserError(
                    f"kernel `{self.version}` has no feature `{feature}`",
                    self.provider,
                    f"use one of: {', '.join(sorted(self.features))}",
                )
            order.update({module.name: module for module in self.features[feature]})
        return tuple(order.values())

    def machine(self, name: str) -> Machine:
        """The machine of that name; raises `UserError` where this kernel cannot run on it."""
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise UserError(
            f"kernel `{self.version}` does not run on machine `{name}`",
            self.provider,
            f"use one of: {', '.join(machine.name for machine in self.machines)}",
        )

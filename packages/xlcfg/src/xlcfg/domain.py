"""A guest as a program describes it, and its configuration, with values or placeholders."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from xlcfg.error import XlcfgError
from xlcfg.render import render
from xlcfg.schema.option import Guest
from xlcfg.specs.disk import Disk
from xlcfg.specs.vif import Vif
from xlcfg.tree import Document, Item, List, Operator, Plain, Setting, String, Value, written

if TYPE_CHECKING:
    from collections.abc import Sequence


_OPTION = re.compile(r"[a-z][._0-9a-z]*")


class Action(Enum):
    """What becomes of a guest that ended."""

    DESTROY = "destroy"
    RESTART = "restart"
    RENAME_RESTART = "rename-restart"
    PRESERVE = "preserve"
    COREDUMP_DESTROY = "coredump-destroy"
    COREDUMP_RESTART = "coredump-restart"
    SOFT_RESET = "soft-reset"


@dataclass(frozen=True, slots=True)
class Block:
    """`Block(name, disk)` is a disk that templates call `@BLOCK:name@`."""

    name: str
    disk: Disk


@dataclass(frozen=True, slots=True)
class Network:
    """`Network(name, vif)` is an interface whose bridge templates call `@NETWORK:name@`."""

    name: str
    vif: Vif


@dataclass(frozen=True, slots=True)
class Domain:
    """`Domain(name, type, kernel, memory, ...)` is a guest; memory is in MiB.

    What is None is left to `xl`. Disks and interfaces come in the order given. `arguments` follow
    `cmdline`, and are then what templates call `@ARGS@`; otherwise that is all of `cmdline`. `more`
    holds further options by name; `comment` is lines for the top of the file.
    """

    name: str
    type: Guest
    kernel: str
    memory: int
    ramdisk: str | None = None
    cmdline: str | None = None
    arguments: str | None = None
    vcpus: int | None = None
    on_poweroff: Action | None = None
    on_reboot: Action | None = None
    on_crash: Action | None = None
    blocks: tuple[Block, ...] = ()
    networks: tuple[Network, ...] = ()
    more: tuple[tuple[str, Plain], ...] = ()
    comment: tuple[str, ...] = ()

    def document(self) -> Document:
        """The configuration with its values; raises `XlcfgError` for what cannot be said."""
        return self._document(_plain)

    def render(self) -> str:
        """The text of the configuration, the same bytes for the same guest."""
        return render(self.document())

    def template(self) -> str:
        """The text with placeholders: `fill(domain.template(), domain.values())` is its text."""
        return render(self._document(_placeholder))

    def values(self) -> dict[str, str | int]:
        """What the placeholders of the template stand for."""
        found: dict[str, str | int] = {"NAME": self.name, "KERNEL": self.kernel}
        if self.ramdisk is not None:
            found["RAMDISK"] = self.ramdisk
        found["MEMORY"] = self.memory
        given = self.cmdline if self.arguments is None else self.arguments
        if given is not None:
            found["ARGS"] = given
        found |= {f"BLOCK:{block.name}": block.disk.target for block in self.blocks}
        found |= {f"NETWORK:{net.name}": net.vif.bridge for net in self.networks if net.vif.bridge}
        return found

    def _document(self, say: Say) -> Document:
        self._names()
        lead = "".join(f"# {line}".rstrip() + "\n" for line in self.comment)
        settings = []
        for name, value in self._settings(say):
            settings.append(Setting(lead, name, " ", Operator.SET, " ", value, "\n"))
            lead = ""
        return Document(tuple(settings))

    def _settings(self, say: Say) -> list[tuple[str, Value]]:
        found = [
            ("name", say("NAME", self.name)),
            ("type", written(self.type.value)),
            ("kernel", say("KERNEL", self.kernel)),
        ]
        if self.ramdisk is not None:
            found.append(("ramdisk", say("RAMDISK", self.ramdisk)))
        if self.arguments is not None:
            fixed = "" if self.cmdline is None else f"{self.cmdline} "
            found.append(("cmdline", _plain("ARGS", fixed + _text("ARGS", self.arguments, say))))
        elif self.cmdline is not None:
            found.append(("cmdline", say("ARGS", self.cmdline)))
        found.append(("memory", say("MEMORY", self.memory)))
        if self.vcpus is not None:
            found.append(("vcpus", written(self.vcpus)))
        for name in ("on_poweroff", "on_reboot", "on_crash"):
            action: Action | None = getattr(self, name)
            if action is not None:
                found.append((name, written(action.value)))
        if self.blocks:
            found.append(("disk", _lines([_disk(block, say) for block in self.blocks])))
        if self.networks:
            found.append(("vif", _lines([_vif(network, say) for network in self.networks])))
        return [*found, *((name, written(data)) for name, data in self.more)]

    def _names(self) -> None:
        """Refuse what would not come back from a configuration."""
        names = [block.name for block in self.blocks] + [net.name for net in self.networks]
        for name in names:
            if not name or set(name) & set("@:'\"\\, \t\n"):
                do = "use letters, digits and dashes"
                raise XlcfgError(f"`{name}` cannot name a device", None, do)
        if len(names) != len({*names}) and not _distinct(self.blocks, self.networks):
            raise XlcfgError("two devices have one name", None, "name each device by itself")
        if self.memory < 1:
            raise XlcfgError(f"a guest cannot have {self.memory} MiB", None, "give it some")
        said = [name for name, _ in self._settings(_plain)]
        for name, _ in self.more:
            if not _OPTION.fullmatch(name) or said.count(name) > 1:
                do = "name each further option once, in lower case"
                raise XlcfgError(f"`{name}` cannot be a further option", None, do)
        if any("\n" in line or "\0" in line for line in self.comment):
            raise XlcfgError("a comment spans lines", None, "pass its lines one by one")


def _distinct(blocks: tuple[Block, ...], networks: tuple[Network, ...]) -> bool:
    return len({block.name for block in blocks}) == len(blocks) and len(
        {network.name for network in networks}
    ) == len(networks)


def _plain(key: str, value: str | int) -> Value:
    try:
        return written(value)
    except ValueError as error:
        raise XlcfgError(f"the {key} of the guest: {error}", None, "leave it out") from error


def _placeholder(key: str, value: str | int) -> Value:
    return String(f"@{key}@") if isinstance(value, int) else String(f'"@{key}@"')


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Say: TypeAlias = Callable[[str, str | int], Value]


def _text(key: str, value: str, say: Say) -> str:
    """A value inside a string: itself, or the placeholder for it."""
    said = say(key, value)
    return said.value if isinstance(said, String) else value


def _disk(block: Block, say: Say) -> Value:
    target = _text(f"BLOCK:{block.name}", block.disk.target, say)
    return written(str(replace(block.disk, target=target)))


def _vif(network: Network, say: Say) -> Value:
    if not network.vif.bridge:
        return written(str(network.vif))
    bridge = _text(f"NETWORK:{network.name}", network.vif.bridge, say)
    return written(str(replace(network.vif, bridge=bridge)))


def _lines(values: Sequence[Value]) -> List:
    """A list with a line for each item."""
    return List(tuple(Item("\n    ", value, "", True) for value in values), "\n")

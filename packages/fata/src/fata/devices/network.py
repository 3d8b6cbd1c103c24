"""Network interfaces that a host gives to a guest."""

from __future__ import annotations

from fata.devices.given import check_name
from fata.devices.types import NETWORK
from fata.needs import Network
from functoria import Device, Impl
from functoria.position import here

DEFAULT = "net"
"""The name of the interface of a stack that is given none."""


def network(name: str = DEFAULT) -> Impl:
    """`network("front")` is the interface that the host of a VM gives it under this name."""
    check_name(name, "network")
    return Device(
        name="network",
        type=NETWORK,
        constructor="libos.net.nic:Nic",
        keywords={"name": name},
        needs=(Network(name, here()),),
        doc=f"the network interface {name}",
    )


def name_of(impl: Impl) -> str | None:
    """`name_of(impl)` is the name that `network` was told; `None` for a choice between several."""
    name = impl.keywords.get("name") if isinstance(impl, Device) else None
    return name if isinstance(name, str) else None

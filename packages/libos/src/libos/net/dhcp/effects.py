"""What the DHCP client wants done: data, for whoever owns the socket, the interface and the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.net.value import Value

if TYPE_CHECKING:
    from typing import Final, TypeAlias

    from libos.net.dhcp.lease import Lease
    from libos.net.dhcp.message import Message

UNCONFIGURED = "0.0.0.0"  # noqa: S104 - the source of a host without an address
BROADCAST = "255.255.255.255"


class Send(Value):
    """`Send(message, source, destination)`: send it from port 68 of `source` to port 67.

    `source` is 0.0.0.0 while the interface has no address, so that only a raw socket will do.
    """

    __slots__ = ("destination", "message", "source")

    def __init__(self, message: Message, source: str, destination: str) -> None:
        self.message: Final = message
        self.source: Final = source
        self.destination: Final = destination


class Configure(Value):
    """`Configure(lease)`: give the interface what the lease says, in place of any earlier one."""

    __slots__ = ("lease",)

    def __init__(self, lease: Lease) -> None:
        self.lease: Final = lease


class Drop(Value):
    """`Drop(lease)`: take the lease's address from the interface, it may no longer be used."""

    __slots__ = ("lease",)

    def __init__(self, lease: Lease) -> None:
        self.lease: Final = lease


class SetTimer(Value):
    """`SetTimer(at)`: call `Client.wake` at that time of the clock instead of at any earlier set.

    None means that nothing is to be waited for.
    """

    __slots__ = ("at",)

    def __init__(self, at: float | None) -> None:
        self.at: Final = at


class Report(Value):
    """`Report(text)`: a line for the log, about what was done and what is waited for."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text: Final = text


Effect: TypeAlias = "Send | Configure | Drop | SetTimer | Report"

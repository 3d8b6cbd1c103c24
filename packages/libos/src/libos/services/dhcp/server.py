"""What a DHCP server answers (RFC 2131, section 4.3): messages in, messages out, no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.net.dhcp import options as o
from libos.net.dhcp.message import BOOTREPLY, BOOTREQUEST, BROADCAST_FLAG, NO_ADDRESS, Message
from libos.net.dhcp.options import MessageType
from libos.services.dhcp.leases import Leases
from libos.services.dhcp.subnet import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from libos.services.dhcp.subnet import Subnet

BROADCAST = "255.255.255.255"


class Server:
    """`Server(subnet, report)` answers clients; it takes itself for the only one of its network.

    So it lets a client keep an address that it does not remember giving, as long as nobody else
    has it, and refuses one that cannot be: clients recover at once from a server that was
    started anew. `report` is told what happens, in words. Relayed messages are not answered.
    """

    def __init__(self, subnet: Subnet, report: Callable[[str], None]) -> None:
        self._subnet = subnet
        self._report = report
        self._leases = Leases(subnet)

    def answer(self, message: Message, now: float) -> tuple[Message, str] | None:
        """`answer(message, now)` is the reply and the address to send it to; `None` for silence.

        Raises `MalformedMessageError` for a message whose options are not of their form.
        """
        if message.op != BOOTREQUEST or message.giaddr != NO_ADDRESS:
            return None
        match message.get(o.MESSAGE_TYPE):
            case MessageType.DISCOVER:
                return self._offer(message, now)
            case MessageType.REQUEST:
                return self._decide(message, now)
            case MessageType.INFORM:
                reply = self._reply(message, MessageType.ACK, message.ciaddr, None)
                return reply, text_of(_from_bytes(message.ciaddr)) if any(
                    message.ciaddr
                ) else BROADCAST
            case MessageType.RELEASE:
                self._take_back(message, now)
            case MessageType.DECLINE:
                self._avoid(message, now)
        return None

    def _offer(self, message: Message, now: float) -> tuple[Message, str] | None:
        client = _client(message)
        wanted = _number(message.get(o.REQUESTED_ADDRESS))
        address = self._leases.choose(client, message.chaddr, wanted, now)
        if address is None:
            self._report(f"no address is left for {_shown(message)}")
            return None
        self._leases.offer(client, address, now)
        return self._with_lease(message, MessageType.OFFER, address)

    def _decide(self, message: Message, now: float) -> tuple[Message, str] | None:
        client = _client(message)
        chosen = message.get(o.SERVER_IDENTIFIER)
        if chosen not in {None, text_of(self._subnet.server)}:
            address = self._leases.address_of(client, now)
            if address is not None:  # another server's offer was taken
                self._leases.release(client, address, now)
            return None
        address = _number(message.get(o.REQUESTED_ADDRESS)) or _from_bytes(message.ciaddr)
        if not self._leases.may_have(client, message.chaddr, address, now):
            return self._refuse(message, address)
        seconds = self._seconds(message)
        self._leases.give(client, address, now + seconds)
        self._report(f"{text_of(address)} is leased to {_shown(message)} for {seconds} s")
        return self._with_lease(message, MessageType.ACK, address)

    def _refuse(self, message: Message, address: int) -> tuple[Message, str]:
        self._report(f"{text_of(address)} is refused to {_shown(message)}")
        identity = o.SERVER_IDENTIFIER(text_of(self._subnet.server))
        options = dict([o.MESSAGE_TYPE(MessageType.NAK), identity, *_echoed(message)])
        reply = Message(
            op=BOOTREPLY,
            htype=message.htype,
            xid=message.xid,
            flags=message.flags | BROADCAST_FLAG,
            chaddr=message.chaddr,
            options=options,
        )
        return reply, BROADCAST

    def _take_back(self, message: Message, now: float) -> None:
        address = _from_bytes(message.ciaddr)
        if self._leases.release(_client(message), address, now):
            self._report(f"{text_of(address)} is given back by {_shown(message)}")

    def _avoid(self, message: Message, now: float) -> None:
        address = _number(message.get(o.REQUESTED_ADDRESS))
        if self._leases.decline(_client(message), address, now):
            self._report(f"{text_of(address)} is in use already, says {_shown(message)}")

    def _with_lease(self, message: Message, kind: MessageType, address: int) -> tuple[Message, str]:
        yiaddr = address.to_bytes(4, "big")
        reply = self._reply(message, kind, message.ciaddr, self._seconds(message), yiaddr)
        known = any(message.ciaddr) and kind is MessageType.ACK
        return reply, text_of(address) if known else BROADCAST

    def _seconds(self, message: Message) -> int:
        wanted = message.get(o.LEASE_TIME) or self._subnet.lease_seconds
        return min(wanted, self._subnet.max_lease_seconds)

    def _reply(
        self,
        message: Message,
        kind: MessageType,
        ciaddr: bytes,
        seconds: int | None,
        yiaddr: bytes = NO_ADDRESS,
    ) -> Message:
        subnet = self._subnet
        asked = message.get(o.PARAMETER_REQUEST_LIST)
        given: list[tuple[int, bytes]] = [o.SUBNET_MASK(subnet.prefix_length)]
        if subnet.routers:
            given.append(o.ROUTERS(subnet.routers))
        if subnet.dns:
            given.append(o.DOMAIN_NAME_SERVERS(subnet.dns))
        if subnet.domain is not None:
            given.append(o.DOMAIN_NAME(subnet.domain))
        times = []
        if seconds is not None:
            times = [
                o.LEASE_TIME(seconds),
                o.RENEWAL_TIME(seconds // 2),
                o.REBINDING_TIME(seconds * 7 // 8),
            ]
        return Message(
            op=BOOTREPLY,
            htype=message.htype,
            xid=message.xid,
            flags=message.flags,
            ciaddr=ciaddr if kind is MessageType.ACK else NO_ADDRESS,
            yiaddr=yiaddr,
            chaddr=message.chaddr,
            options=dict(
                [
                    o.MESSAGE_TYPE(kind),
                    o.SERVER_IDENTIFIER(text_of(subnet.server)),
                    *times,
                    *(option for option in given if asked is None or option[0] in asked),
                    *_echoed(message),
                ]
            ),
        )


def _client(message: Message) -> bytes:
    """What a client is known by: its identifier, or else its hardware (RFC 2131, section 4.2)."""
    return message.get(o.CLIENT_IDENTIFIER) or bytes([message.htype]) + message.chaddr


def _echoed(message: Message) -> list[tuple[int, bytes]]:
    """The client's identifier goes back to it (RFC 6842)."""
    identifier = message.get(o.CLIENT_IDENTIFIER)
    return [] if identifier is None else [o.CLIENT_IDENTIFIER(identifier)]


def _shown(message: Message) -> str:
    return message.chaddr.hex(":") or "a client without an address"


def _number(address: str | None) -> int:
    return 0 if address is None else _from_bytes(bytes(map(int, address.split("."))))


def _from_bytes(address: bytes) -> int:
    return int.from_bytes(address, "big")

"""The DHCP client as a state machine: messages and the time come in, effects come out (RFC 2131).

Whether the granted address is free is not probed by ARP, so DECLINE is never sent: servers probe
before they offer, and a guest that waits a second for silence starts a second later.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from libos.net.dhcp import options
from libos.net.dhcp.effects import (
    BROADCAST,
    UNCONFIGURED,
    Configure,
    Drop,
    Report,
    Send,
    SetTimer,
)
from libos.net.dhcp.lease import lease_of
from libos.net.dhcp.message import BOOTREPLY, BOOTREQUEST, NO_ADDRESS, Message
from libos.net.dhcp.options import MessageType
from libos.net.dhcp.state import TRANSITIONS, Event, State
from libos.net.dhcp.wire import MalformedMessageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from libos.net.dhcp.effects import Effect
    from libos.net.dhcp.lease import Lease

WANTED = (
    options.SUBNET_MASK,
    options.CLASSLESS_STATIC_ROUTES,  # RFC 3442: before the routers
    options.ROUTERS,
    options.DOMAIN_NAME_SERVERS,
    options.HOST_NAME,
    options.DOMAIN_NAME,
    options.INTERFACE_MTU,
    options.RENEWAL_TIME,
    options.REBINDING_TIME,
)
ACCEPTED_SIZE = 1500
REQUEST_ATTEMPTS = 4

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 64.0
_LEAST_RENEWAL_DELAY = 60.0
_LEAST_RENEWAL = 1.0  # a server that grants no time at all shall not keep the guest busy
_EVENTS = {
    MessageType.OFFER: Event.OFFER,
    MessageType.ACK: Event.ACK,
    MessageType.NAK: Event.NAK,
}


class Client:
    """`Client(mac, random, ...)` obtains a lease for the Ethernet address `mac` and keeps it.

    `random()` is uniform in [0, 1). Every time is in seconds on one clock that never goes back.
    `hostname` is told to the server. With `remembered`, a lease held before, the client first
    asks for that one again (INIT-REBOOT). Each call returns the effects to carry out, in order.
    """

    def __init__(
        self,
        mac: bytes,
        random: Callable[[], float],
        *,
        hostname: str | None = None,
        remembered: Lease | None = None,
    ) -> None:
        self.state = State.INIT
        self.lease: Lease | None = None
        self._mac = mac
        self._random = random
        self._hostname = hostname
        self._wanted = remembered
        self._offer: Lease | None = None
        self._xid = 0
        self._attempts = 0
        self._naks = 0
        self._began = 0.0  # when acquisition began: what `secs` counts from
        self._secs = 0
        self._asked = 0.0  # when the first request for the lease left: what its times count from
        self._wake_at: float | None = None
        self._renewal = self._rebinding = self._expiry = _NEVER

    def start(self, now: float) -> list[Effect]:
        """`start(now)` are the effects that begin to obtain a lease."""
        return self._move(Event.BEGIN if self._wanted is None else Event.RESUME, now)

    def stop(self, now: float) -> list[Effect]:
        """`stop(now)` are the effects that give the lease back; the client is of no use then."""
        lease = self.lease
        effects = self._move(Event.STOP, now)
        if lease is None:
            return effects
        message = self._message(
            MessageType.RELEASE, now, lease, [options.SERVER_IDENTIFIER(lease.server)]
        )
        return [Send(message, lease.address, lease.server), Drop(lease), *effects]

    def wake(self, now: float) -> list[Effect]:
        """`wake(now)` are the effects of time having passed; being early does no harm."""
        if self._wake_at is None or now < self._wake_at:
            return [SetTimer(self._wake_at)]
        event = self._due(now)
        return self._transmit(now) if event is None else self._move(event, now)

    def receive(self, message: Message, now: float) -> list[Effect]:
        """`receive(message, now)` are the effects of a message; those not for us have none."""
        if (message.op, message.xid, message.chaddr) != (BOOTREPLY, self._xid, self._mac):
            return []
        try:
            kind = message.get(options.MESSAGE_TYPE)
            event = None if kind is None else _EVENTS.get(kind)
            if event is None or event not in TRANSITIONS[self.state]:
                return []
            if event is Event.NAK:
                return self._refused(message, now)
            lease = lease_of(message)
        except MalformedMessageError as error:
            return [Report(f"ignored a DHCP message with {error}")]
        return self._granted(lease, event, now)

    def _granted(self, lease: Lease, event: Event, now: float) -> list[Effect]:
        if event is Event.OFFER:
            self._offer = lease
            return [Report(f"{lease.server} offers {_text(lease)}"), *self._move(event, now)]
        if self.state is State.REQUESTING and not self._chosen(lease.server):
            return []
        self.lease = lease
        return self._move(event, now)

    def _refused(self, message: Message, now: float) -> list[Effect]:
        server = message.get(options.SERVER_IDENTIFIER)
        if server is None or (self.state is State.REQUESTING and not self._chosen(server)):
            return []
        self._naks += 1
        reason = message.get(options.MESSAGE) or "no reason given"
        return [Report(f"{server} refuses the request ({reason!r})"), *self._move(Event.NAK, now)]

    def _chosen(self, server: str) -> bool:
        return self._offer is not None and self._offer.server == server

    def _due(self, now: float) -> Event | None:
        """The event that the time has brought, None if a message is to be repeated."""
        if self.state is State.INIT:
            return Event.BEGIN
        if self.state in {State.BOUND, State.RENEWING, State.REBINDING}:
            if now >= self._expiry:
                return Event.EXPIRY
            if now >= self._rebinding and self.state is not State.REBINDING:
                return Event.T2
            return Event.T1 if self.state is State.BOUND else None
        given_up = self.state is not State.SELECTING and self._attempts >= REQUEST_ATTEMPTS
        return Event.SILENCE if given_up else None

    def _move(self, event: Event, now: float) -> list[Effect]:
        self.state = TRANSITIONS[self.state][event]
        self._attempts = 0
        if self.state is State.STOPPED:
            self.lease = None
            return self._set_timer(None)
        if self.state is State.INIT:
            return self._start_over(event, now)
        if self.state is State.BOUND:
            return self._bound(now)
        if self.state is not State.REQUESTING:
            self._xid = int(self._random() * 0x1_0000_0000)
        if event in {Event.BEGIN, Event.RESUME}:
            self._began = now
        if self.state is not State.SELECTING:
            self._asked = now
        return self._transmit(now)

    def _start_over(self, event: Event, now: float) -> list[Effect]:
        lease, self.lease, self._wanted = self.lease, None, None
        effects: list[Effect] = []
        if lease is not None:
            why = "expired" if event is Event.EXPIRY else "was withdrawn"
            effects = [Report(f"the lease of {lease.address} {why}"), Drop(lease)]
        pause = self._back_off(self._naks - 1) if event is Event.NAK else 0.0
        return effects + self._set_timer(now + pause)

    def _bound(self, now: float) -> list[Effect]:
        lease = self.lease
        if lease is None:
            return []
        self._naks = 0
        self._wanted = lease
        self._renewal = self._at(lease.renewal, _LEAST_RENEWAL)
        self._rebinding = max(self._at(lease.rebinding), self._renewal)
        self._expiry = max(self._at(lease.seconds), self._rebinding)
        ends = "without end" if lease.seconds is None else f"for {lease.seconds} s"
        return [
            Configure(lease),
            Report(f"lease of {_text(lease)} from {lease.server} {ends}"),
            *self._set_timer(None if lease.seconds is None else max(now, self._renewal)),
        ]

    def _at(self, seconds: int | None, least: float = 0.0) -> float:
        return _NEVER if seconds is None else self._asked + max(seconds, least)

    def _transmit(self, now: float) -> list[Effect]:
        self._attempts += 1
        message, destination = self._request(now)
        source = UNCONFIGURED if self.lease is None else self.lease.address
        count = f", attempt {self._attempts}" if self._attempts > 1 else ""
        report = Report(f"{_DOING[self.state]}{count}")
        return [Send(message, source, destination), report, *self._set_timer(self._retry(now))]

    def _retry(self, now: float) -> float:
        """When to send again: RFC 2131, 4.1 (but sooner at first), and 4.4.5 with a lease."""
        if self.state in {State.RENEWING, State.REBINDING}:
            end = self._rebinding if self.state is State.RENEWING else self._expiry
            return min(now + max(_LEAST_RENEWAL_DELAY, (end - now) / 2), end)
        return now + self._back_off(self._attempts - 1)

    def _back_off(self, times: int) -> float:
        delay = min(_FIRST_DELAY * (1 << min(times, 6)), _LONGEST_DELAY)
        return delay + (2 * self._random() - 1) * min(1.0, delay / 4)

    def _set_timer(self, at: float | None) -> list[Effect]:
        self._wake_at = at
        return [SetTimer(at)]

    def _request(self, now: float) -> tuple[Message, str]:
        """The message of this state and where it goes (RFC 2131, table 4)."""
        offer, lease, wanted = self._offer, self.lease, self._wanted
        extra: list[tuple[int, bytes]] = []
        kind = MessageType.REQUEST
        if self.state is State.SELECTING:
            kind = MessageType.DISCOVER
        elif self.state is State.REQUESTING and offer is not None:
            extra.append(options.REQUESTED_ADDRESS(offer.address))
            extra.append(options.SERVER_IDENTIFIER(offer.server))
        elif self.state is State.REBOOTING and wanted is not None:
            extra.append(options.REQUESTED_ADDRESS(wanted.address))
        extra.append(options.PARAMETER_REQUEST_LIST(bytes(option.code for option in WANTED)))
        extra.append(options.MAXIMUM_MESSAGE_SIZE(ACCEPTED_SIZE))
        if self._hostname is not None:
            extra.append(options.HOST_NAME(self._hostname))
        unicast = self.state is State.RENEWING and lease is not None
        destination = lease.server if unicast and lease is not None else BROADCAST
        return self._message(kind, now, lease, extra), destination

    def _message(
        self, kind: MessageType, now: float, lease: Lease | None, extra: list[tuple[int, bytes]]
    ) -> Message:
        # A request repeats the `secs` of the discovery it follows (RFC 2131, section 4.4.1).
        if self.state in {State.SELECTING, State.REBOOTING}:
            self._secs = min(int(now - self._began), 0xFFFF)
        identity = bytes([1]) + self._mac
        return Message(
            op=BOOTREQUEST,
            xid=self._xid,
            chaddr=self._mac,
            secs=self._secs if lease is None else 0,
            ciaddr=NO_ADDRESS if lease is None else socket.inet_pton(socket.AF_INET, lease.address),
            options=dict([options.MESSAGE_TYPE(kind), options.CLIENT_IDENTIFIER(identity), *extra]),
        )


_NEVER = float("inf")
_DOING = {
    State.REBOOTING: "asking for the earlier address",
    State.SELECTING: "looking for a DHCP server",
    State.REQUESTING: "requesting the offered address",
    State.RENEWING: "renewing the lease",
    State.REBINDING: "asking any server to extend the lease",
}


def _text(lease: Lease) -> str:
    return f"{lease.address}/{lease.prefix_length}"

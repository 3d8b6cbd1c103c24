"""The DHCP client at work in an event loop: sockets, timer and interface for the state machine."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING

from libos.net.dhcp.client import Client
from libos.net.dhcp.effects import UNCONFIGURED, Configure, Drop, Report, Send, SetTimer
from libos.net.dhcp.transport import RawTransport, UdpTransport
from libos.net.error import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from libos.net.dhcp.effects import Effect
    from libos.net.dhcp.lease import Lease
    from libos.net.dhcp.transport import Transport

_log = logging.getLogger("net.dhcp")
_PARTING_SECONDS = 0.02


def system_random() -> float:
    """`system_random()` is uniform in [0, 1), from the kernel; `random` is costly to import."""
    return int.from_bytes(os.urandom(4), "big") / 0x1_0000_0000


class DhcpService:
    """`DhcpService(interface, mac, configure, drop)` keeps a lease while the event loop runs.

    `configure(lease)` is called for each grant and renewal, `drop(lease)` when the address must go.
    No task runs: a timer and, while an answer is awaited, one socket wake the state machine.
    """

    def __init__(
        self,
        interface: str,
        mac: bytes,
        configure: Callable[[Lease], None],
        drop: Callable[[Lease], None],
        *,
        hostname: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
    ) -> None:
        self._interface = interface
        self._client = Client(mac, random, hostname=hostname)
        self._configure = configure
        self._drop = drop
        self._clock = clock
        self._transport: Transport | None = None
        self._raw = False
        self._timer: asyncio.TimerHandle | None = None
        self._bound: asyncio.Future[None] | None = None

    @property
    def lease(self) -> Lease | None:
        """`lease` is what is granted now, None if nothing is."""
        return self._client.lease

    async def start(self, limit: float) -> None:
        """`start(limit)` returns once the first lease is configured.

        `TimeoutError` is raised if that takes more than `limit` seconds, and what `configure`
        raised if that failed; nothing is left running then.
        """
        self._bound = asyncio.get_running_loop().create_future()
        self._run(self._client.start(self._clock()))
        try:
            async with asyncio.timeout(limit):
                await self._bound
        except BaseException:
            self._close()
            raise

    async def stop(self) -> None:
        """`stop()` gives the lease back and ends the service."""
        effects = self._client.stop(self._clock())
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect)
                # Without its address the kernel could no longer ask who the server is (ARP).
                await asyncio.sleep(_PARTING_SECONDS)
        self._run([effect for effect in effects if not isinstance(effect, Send)])
        self._close()

    def _run(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    self._send(effect)
                case Configure():
                    self._release_transport()
                    self._grant(effect.lease)
                case Drop():
                    self._release_transport()
                    self._take_back(effect.lease)
                case SetTimer():
                    self._set_timer(effect.at)
                case Report():
                    _log.info("%s: %s", self._interface, effect.text)

    def _grant(self, lease: Lease) -> None:
        try:
            self._configure(lease)
        except (OSError, NetworkError) as error:
            if self._bound is not None and not self._bound.done():
                self._bound.set_exception(error)
                return
            _log.error("%s: %s", self._interface, error)
        if self._bound is not None and not self._bound.done():
            self._bound.set_result(None)

    def _take_back(self, lease: Lease) -> None:
        try:
            self._drop(lease)
        except OSError as error:
            _log.error("%s: cannot remove %s: %s", self._interface, lease.address, error.strerror)

    def _send(self, effect: Send) -> None:
        # A message that cannot leave is as good as lost on the way: the client repeats it.
        try:
            self._ready(raw=effect.source == UNCONFIGURED).send(effect.message, effect.destination)
        except OSError as error:
            _log.warning("%s: cannot send a DHCP message: %s", self._interface, error.strerror)

    def _ready(self, *, raw: bool) -> Transport:
        if self._transport is not None and self._raw == raw:
            return self._transport
        self._release_transport()
        transport = RawTransport(self._interface) if raw else UdpTransport(self._interface)
        self._transport, self._raw = transport, raw
        asyncio.get_running_loop().add_reader(transport.fileno(), self._readable)
        return transport

    def _readable(self) -> None:
        if self._transport is None:
            return
        try:
            message = self._transport.receive()
        except BlockingIOError:
            return
        except OSError as error:
            _log.warning("%s: cannot receive DHCP messages: %s", self._interface, error.strerror)
            return
        if message is not None:
            self._run(self._client.receive(message, self._clock()))

    def _set_timer(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            delay = max(0.0, at - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._run(self._client.wake(self._clock()))

    def _close(self) -> None:
        self._set_timer(None)
        self._release_transport()

    def _release_transport(self) -> None:
        if self._transport is not None:
            asyncio.get_running_loop().remove_reader(self._transport.fileno())
            self._transport.close()
            self._transport = None

"""How DHCP messages leave and arrive: by raw packets before there is an address, by UDP after."""

from __future__ import annotations

import array
import socket
import struct
from typing import TYPE_CHECKING

from libos.net.dhcp.effects import UNCONFIGURED
from libos.net.dhcp.message import (
    CLIENT_PORT,
    SERVER_PORT,
    MalformedMessageError,
    Message,
    parse,
    render,
)
from libos.net.dhcp.packet import MalformedPacketError, parse_udp, render_udp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_CSUMNOTREADY = 8

_BROADCAST_MAC = b"\xff" * 6
_RECEIVE_SIZE = 1 << 16
_AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata, packet(7)

# "UDP to port 68, not a fragment" for packets that begin with their IP header: the kernel throws
# everything else away before waking us. Classic BPF, as in bpf(4): code, jt, jf, k.
_UDP_TO_CLIENT_PORT = (
    (0x30, 0, 0, 9),  # ldb [9]: protocol
    (0x15, 0, 6, 17),  # jeq UDP, else drop
    (0x28, 0, 0, 6),  # ldh [6]: flags and fragment offset
    (0x45, 4, 0, 0x1FFF),  # jset offset: drop
    (0xB1, 0, 0, 0),  # ldxb 4 * ([0] & 0xf): length of the IP header
    (0x48, 0, 0, 2),  # ldh [x + 2]: destination port
    (0x15, 0, 1, CLIENT_PORT),  # jeq 68, else drop
    (0x06, 0, 0, 0xFFFFFFFF),  # ret everything
    (0x06, 0, 0, 0),  # ret nothing: drop
)


class RawTransport:
    """`RawTransport(interface)` sends from 0.0.0.0 and hears what comes to port 68 at any address.

    It works on an interface without an address, which a UDP socket does not: a server answers to
    the address it is about to grant, and the kernel drops what is not for an address it has.
    """

    def __init__(self, interface: str) -> None:
        # Protocol 0 until the filter is in place: nothing unfiltered gets into the queue.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        self._interface = interface
        try:
            attach_filter(self._socket, _UDP_TO_CLIENT_PORT)
            self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self._socket.bind((interface, ETH_P_IP))
        except OSError:
            self._socket.close()
            raise

    def send(self, message: Message, destination: str) -> None:
        """`send(message, destination)` hands the message to the kernel for port 67 there.

        The frame is broadcast, whatever the IP destination. `OSError`: the kernel refuses.
        """
        packet = render_udp(
            render(message),
            socket.inet_pton(socket.AF_INET, UNCONFIGURED),
            CLIENT_PORT,
            socket.inet_pton(socket.AF_INET, destination),
            SERVER_PORT,
        )
        self._socket.sendto(packet, (self._interface, ETH_P_IP, 0, 0, _BROADCAST_MAC))

    def receive(self) -> Message | None:
        """`receive()` is the next message, None if it was none, or raises `BlockingIOError`."""
        packet, ancillary, _, _ = self._socket.recvmsg(
            _RECEIVE_SIZE, socket.CMSG_SPACE(_AUXDATA.size)
        )
        try:
            _, source_port, _, destination_port, payload = parse_udp(
                packet, summed=_is_summed(ancillary)
            )
            if (source_port, destination_port) != (SERVER_PORT, CLIENT_PORT):
                return None
            return parse(payload)
        except (MalformedPacketError, MalformedMessageError):
            return None

    def fileno(self) -> int:
        """`fileno()` is the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """`close()` ends it."""
        self._socket.close()


class UdpTransport:
    """`UdpTransport(interface)` is for renewing: an ordinary socket on an interface with a lease.

    The kernel finds the way to the server, and nothing listens to the raw link meanwhile.
    """

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0"
            )
            # Not bound to the lease's address: a NAK is broadcast (RFC 2131, section 4.3.2).
            self._socket.bind(("", CLIENT_PORT))
        except OSError:
            self._socket.close()
            raise

    def send(self, message: Message, destination: str) -> None:
        """See `RawTransport.send`."""
        self._socket.sendto(render(message), (destination, SERVER_PORT))

    def receive(self) -> Message | None:
        """See `RawTransport.receive`."""
        payload, (_, port) = self._socket.recvfrom(_RECEIVE_SIZE)
        try:
            return parse(payload) if port == SERVER_PORT else None
        except MalformedMessageError:
            return None

    def fileno(self) -> int:
        """See `RawTransport.fileno`."""
        return self._socket.fileno()

    def close(self) -> None:
        """See `RawTransport.close`."""
        self._socket.close()


Transport: TypeAlias = "RawTransport | UdpTransport"


def _is_summed(ancillary: Iterable[tuple[int, int, bytes]]) -> bool:
    """Whether the UDP checksum is one: not yet if the packet comes from this host's other side."""
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and len(data) >= _AUXDATA.size:
            status = _AUXDATA.unpack_from(data)[0]
            return not status & TP_STATUS_CSUMNOTREADY
    return True


def attach_filter(sock: socket.socket, program: Iterable[tuple[int, int, int, int]]) -> None:
    """`attach_filter(sock, program)` makes the kernel drop what the classic BPF program refuses."""
    # struct sock_fprog holds a pointer; an array tells its own address, without ctypes.
    code = array.array("B", b"".join(struct.pack("=HBBI", *step) for step in program))
    address, size = code.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", size // 8, address))

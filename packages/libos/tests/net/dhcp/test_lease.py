"""What a server's answer grants."""

from __future__ import annotations

import pytest

from libos.net.dhcp import options
from libos.net.dhcp.lease import Lease, lease_of
from libos.net.dhcp.message import Message
from libos.net.dhcp.options import StaticRoute
from libos.net.dhcp.wire import MalformedMessageError

SERVER = options.SERVER_IDENTIFIER("10.0.0.1")
HOUR = options.LEASE_TIME(3600)
MASK = options.SUBNET_MASK(24)
DEFAULT = StaticRoute("0.0.0.0", 0, "10.0.0.1")


def grant(*given: tuple[int, bytes], yiaddr: bytes = bytes([10, 0, 0, 7])) -> Lease:
    return lease_of(Message(op=2, xid=1, chaddr=bytes(6), yiaddr=yiaddr, options=dict(given)))


def test_a_usual_grant() -> None:
    lease = grant(
        SERVER,
        HOUR,
        MASK,
        options.ROUTERS(("10.0.0.1", "10.0.0.254")),
        options.DOMAIN_NAME_SERVERS(("9.9.9.9",)),
        options.DOMAIN_NAME("example.org"),
        options.HOST_NAME("guest"),
        options.INTERFACE_MTU(1400),
    )
    assert lease == Lease(
        address="10.0.0.7",
        prefix_length=24,
        server="10.0.0.1",
        seconds=3600,
        renewal=1800,
        rebinding=3150,
        routes=(DEFAULT,),
        dns=("9.9.9.9",),
        domain="example.org",
        hostname="guest",
        mtu=1400,
    )


def test_classless_routes_rule_out_the_router() -> None:
    route = StaticRoute("172.16.0.0", 12, "10.0.0.9")
    lease = grant(
        SERVER,
        HOUR,
        MASK,
        options.ROUTERS(("10.0.0.1",)),
        options.CLASSLESS_STATIC_ROUTES((route,)),
    )
    assert lease.routes == (route,)


def test_a_lease_without_end_is_never_renewed() -> None:
    lease = grant(SERVER, options.LEASE_TIME(options.INFINITE), MASK, options.RENEWAL_TIME(9))
    assert (lease.seconds, lease.renewal, lease.rebinding) == (None, None, None)


def test_times_in_the_wrong_order_are_put_right() -> None:
    late = (options.RENEWAL_TIME(9000), options.REBINDING_TIME(8000))
    lease = grant(SERVER, HOUR, MASK, *late)
    assert (lease.renewal, lease.rebinding, lease.seconds) == (3600, 3600, 3600)


@pytest.mark.parametrize(
    ("yiaddr", "prefix_length"),
    [(bytes([10, 0, 0, 7]), 8), (bytes([172, 16, 0, 7]), 16), (bytes([192, 0, 2, 7]), 24)],
)
def test_without_a_mask_the_class_decides(yiaddr: bytes, prefix_length: int) -> None:
    assert grant(SERVER, HOUR, yiaddr=yiaddr).prefix_length == prefix_length


def test_malformed_extras_count_as_absent() -> None:
    lease = grant(SERVER, HOUR, MASK, (3, b"\0"), (15, b"a\nb"), (26, b"\0\0\x44"), (121, b"\x21"))
    assert (lease.routes, lease.domain, lease.mtu) == ((), None, None)


def test_an_mtu_too_small_for_ip_is_not_believed() -> None:
    assert grant(SERVER, HOUR, MASK, options.INTERFACE_MTU(68)).mtu is None


@pytest.mark.parametrize(
    "given", [(SERVER,), (HOUR,), (SERVER, options.LEASE_TIME(0)), (SERVER, (51, b"\1"))]
)
def test_no_lease_without_server_and_time(given: tuple[tuple[int, bytes], ...]) -> None:
    with pytest.raises(MalformedMessageError):
        grant(*given)


def test_no_lease_without_an_address() -> None:
    with pytest.raises(MalformedMessageError):
        grant(SERVER, HOUR, yiaddr=bytes(4))

"""What clients are answered, message by message (RFC 2131, section 4.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from libos.net.dhcp import options as o
from libos.net.dhcp.message import MalformedMessageError, Message, parse, render
from libos.net.dhcp.options import MessageType
from libos.services.dhcp.leases import DECLINED_SECONDS, OFFER_SECONDS
from libos.services.dhcp.server import BROADCAST, Server
from libos.services.dhcp.subnet import Subnet

MAC = "52:54:00:00:00:07"
KEPT_MAC = "52:54:00:00:00:99"


def subnet(range_: str = "10.0.0.100-10.0.0.102", **more: Any) -> Subnet:
    return Subnet("10.0.0.1/24", range_, routers=("10.0.0.1",), lease_seconds=600, **more)


def request(
    kind: MessageType, mac: str = MAC, *more: tuple[int, bytes], ciaddr: str = "0.0.0.0"
) -> Message:
    return Message(
        op=1,
        xid=7,
        chaddr=bytes.fromhex(mac.replace(":", "")),
        ciaddr=bytes(map(int, ciaddr.split("."))),
        options=dict([o.MESSAGE_TYPE(kind), *more]),
    )


class Peer:
    """A server, a clock, and clients that know what to say."""

    def __init__(self, served: Subnet | None = None) -> None:
        self.reported: list[str] = []
        self.server = Server(served or subnet(), self.reported.append)
        self.now = 1000.0

    def say(self, message: Message) -> tuple[Message, str] | None:
        """The answer, after a way over the wire."""
        answer = self.server.answer(parse(render(message)), self.now)
        return None if answer is None else (parse(render(answer[0])), answer[1])

    def offered(self, mac: str = MAC, wanted: str | None = None) -> str | None:
        more = [] if wanted is None else [o.REQUESTED_ADDRESS(wanted)]
        answer = self.say(request(MessageType.DISCOVER, mac, *more))
        return None if answer is None else address(answer[0])

    def take(self, wanted: str, mac: str = MAC) -> tuple[MessageType | None, str]:
        """Take up an offer; what kind of answer comes, and where to."""
        more = (o.REQUESTED_ADDRESS(wanted), o.SERVER_IDENTIFIER("10.0.0.1"))
        return self.kind(request(MessageType.REQUEST, mac, *more))

    def kind(self, message: Message) -> tuple[MessageType | None, str]:
        answer = self.say(message)
        assert answer is not None
        return answer[0].get(o.MESSAGE_TYPE), answer[1]

    def leased(self, mac: str = MAC) -> str:
        offered = self.offered(mac)
        assert offered is not None
        assert self.take(offered, mac) == (MessageType.ACK, BROADCAST)
        return offered


def address(message: Message) -> str:
    return ".".join(map(str, message.yiaddr))


def mac(number: int) -> str:
    return f"52:54:00:00:01:{number:02x}"


def test_an_offer_says_all_that_a_client_needs() -> None:
    served = subnet(dns=("9.9.9.9",), domain="example.org")
    answer = Peer(served).say(request(MessageType.DISCOVER, MAC, o.CLIENT_IDENTIFIER(b"me")))
    assert answer is not None
    message, destination = answer
    assert destination == BROADCAST
    assert (message.op, message.xid, address(message)) == (2, 7, "10.0.0.100")
    assert message.options == dict(
        [
            o.MESSAGE_TYPE(MessageType.OFFER),
            o.SERVER_IDENTIFIER("10.0.0.1"),
            o.LEASE_TIME(600),
            o.RENEWAL_TIME(300),
            o.REBINDING_TIME(525),
            o.SUBNET_MASK(24),
            o.ROUTERS(("10.0.0.1",)),
            o.DOMAIN_NAME_SERVERS(("9.9.9.9",)),
            o.DOMAIN_NAME("example.org"),
            o.CLIENT_IDENTIFIER(b"me"),
        ]
    )


def test_a_client_that_lists_what_it_wants_is_told_that() -> None:
    asked = o.PARAMETER_REQUEST_LIST(bytes([1, 6]))
    answer = Peer(subnet(dns=("9.9.9.9",))).say(request(MessageType.DISCOVER, MAC, asked))
    assert answer is not None
    assert answer[0].get(o.ROUTERS) is None
    assert answer[0].get(o.DOMAIN_NAME_SERVERS) == ("9.9.9.9",)


def test_what_is_offered_is_granted_and_reported() -> None:
    peer = Peer()
    assert peer.leased() == "10.0.0.100"
    assert peer.reported == [f"10.0.0.100 is leased to {MAC} for 600 s"]


def test_a_client_gets_the_address_back_that_it_had() -> None:
    peer = Peer()
    assert [peer.leased(mac(n)) for n in (1, 2)] == ["10.0.0.100", "10.0.0.101"]
    peer.now += 100_000
    assert [peer.leased(mac(n)) for n in (2, 1)] == ["10.0.0.101", "10.0.0.100"]


def test_a_client_may_ask_for_an_address_that_is_free() -> None:
    peer = Peer()
    assert peer.offered(wanted="10.0.0.102") == "10.0.0.102"
    assert peer.offered(mac(1), wanted="10.0.0.102") == "10.0.0.100"
    assert peer.offered(mac(2), wanted="192.0.2.1") == "10.0.0.101"


def test_an_address_that_is_not_taken_up_is_offered_to_others() -> None:
    peer = Peer(subnet("10.0.0.100-10.0.0.100"))
    assert peer.offered(mac(1)) == "10.0.0.100"
    assert peer.offered(mac(2)) is None
    assert peer.reported == [f"no address is left for {mac(2)}"]
    peer.now += OFFER_SECONDS + 1
    assert peer.offered(mac(2)) == "10.0.0.100"
    assert peer.take("10.0.0.100", mac(1))[0] is MessageType.NAK


def test_a_discovery_does_not_shorten_a_lease() -> None:
    peer = Peer(subnet("10.0.0.100-10.0.0.100"))
    peer.leased(mac(1))
    peer.offered(mac(1))
    peer.now += OFFER_SECONDS + 1
    assert peer.offered(mac(2)) is None


def test_where_none_is_new_the_one_that_is_free_for_longest_is_given() -> None:
    peer = Peer()
    for number in (1, 2, 3):
        peer.leased(mac(number))
        peer.now += 10
    peer.kind(request(MessageType.REQUEST, mac(1), ciaddr="10.0.0.100"))  # renewed
    peer.now += 595
    assert peer.offered(mac(4)) == "10.0.0.101"


def test_an_address_that_is_kept_for_a_host_is_its_own() -> None:
    peer = Peer(subnet(hosts={KEPT_MAC: "10.0.0.100", mac(9): "10.0.0.9"}))
    assert peer.leased(mac(1)) == "10.0.0.101"
    assert peer.offered(mac(2), wanted="10.0.0.100") == "10.0.0.102"
    assert peer.leased(KEPT_MAC) == "10.0.0.100"
    assert peer.leased(mac(9)) == "10.0.0.9"
    assert peer.take("10.0.0.102", KEPT_MAC)[0] is MessageType.NAK


def test_a_renewal_is_answered_to_the_client_alone() -> None:
    peer = Peer()
    peer.leased()
    renewal = request(MessageType.REQUEST, MAC, ciaddr="10.0.0.100")
    assert peer.kind(renewal) == (MessageType.ACK, "10.0.0.100")
    stranger = request(MessageType.REQUEST, mac(1), ciaddr="10.0.0.100")
    assert peer.kind(stranger) == (MessageType.NAK, BROADCAST)


def test_a_server_that_lost_its_memory_lets_clients_keep_what_they_have() -> None:
    peer = Peer()
    rebooted = request(MessageType.REQUEST, MAC, o.REQUESTED_ADDRESS("10.0.0.101"))
    assert peer.kind(rebooted) == (MessageType.ACK, BROADCAST)
    assert peer.kind(request(MessageType.REQUEST, mac(1), ciaddr="10.0.0.102"))[0] is (
        MessageType.ACK
    )
    assert peer.offered(mac(2)) == "10.0.0.100"


@pytest.mark.parametrize("wanted", ["10.0.0.1", "10.0.0.103", "192.0.2.1", "0.0.0.0"])
def test_an_address_that_is_not_for_giving_is_refused(wanted: str) -> None:
    peer = Peer()
    assert peer.take(wanted) == (MessageType.NAK, BROADCAST)
    assert peer.reported == [f"{wanted} is refused to {MAC}"]


def test_a_client_that_takes_another_servers_offer_is_let_go() -> None:
    peer = Peer(subnet("10.0.0.100-10.0.0.100"))
    peer.offered(mac(1))
    other = (o.REQUESTED_ADDRESS("10.0.0.55"), o.SERVER_IDENTIFIER("10.0.0.2"))
    assert peer.say(request(MessageType.REQUEST, mac(1), *other)) is None
    assert peer.offered(mac(2)) == "10.0.0.100"


def test_what_is_given_back_is_free() -> None:
    peer = Peer(subnet("10.0.0.100-10.0.0.100"))
    peer.leased(mac(1))
    assert peer.say(request(MessageType.RELEASE, mac(2), ciaddr="10.0.0.100")) is None
    assert peer.offered(mac(2)) is None
    assert peer.say(request(MessageType.RELEASE, mac(1), ciaddr="10.0.0.100")) is None
    assert peer.offered(mac(2)) == "10.0.0.100"


def test_what_somebody_else_uses_is_avoided_for_a_while() -> None:
    peer = Peer(subnet("10.0.0.100-10.0.0.100"))
    peer.leased()
    assert peer.say(request(MessageType.DECLINE, MAC, o.REQUESTED_ADDRESS("10.0.0.100"))) is None
    assert peer.offered() is None
    peer.now += DECLINED_SECONDS
    assert peer.offered() == "10.0.0.100"


def test_a_client_with_an_address_of_its_own_is_told_the_rest() -> None:
    answer = Peer().say(request(MessageType.INFORM, MAC, ciaddr="10.0.0.200"))
    assert answer is not None
    message, destination = answer
    assert (message.get(o.MESSAGE_TYPE), destination) == (MessageType.ACK, "10.0.0.200")
    assert message.get(o.ROUTERS) == ("10.0.0.1",)
    assert (address(message), message.get(o.LEASE_TIME)) == ("0.0.0.0", None)


@pytest.mark.parametrize(("wanted", "given_"), [(60, 60), (86400, 86400), (0xFFFFFFFF, 86400)])
def test_a_lease_is_as_long_as_the_client_likes_within_limits(wanted: int, given_: int) -> None:
    answer = Peer().say(request(MessageType.DISCOVER, MAC, o.LEASE_TIME(wanted)))
    assert answer is not None
    assert answer[0].get(o.LEASE_TIME) == given_


def test_replies_and_relayed_messages_are_not_answered() -> None:
    discover = request(MessageType.DISCOVER)
    fields = {name: getattr(discover, name) for name in ("xid", "chaddr", "options")}
    assert Peer().say(Message(op=2, **fields)) is None
    assert Peer().say(Message(op=1, giaddr=b"\x0a\0\0\x02", **fields)) is None
    assert Peer().say(Message(op=1, xid=1, chaddr=b"", options={})) is None


@given(st.dictionaries(st.integers(1, 254).filter(lambda c: c != 52), st.binary(max_size=20)))
def test_options_of_any_kind_are_answered_or_refused(options: dict[int, bytes]) -> None:
    peer = Peer()
    for kind in MessageType:
        message = Message(op=1, xid=1, chaddr=b"123456", options={**options, 53: bytes([kind])})
        try:
            peer.server.answer(message, 0.0)
        except MalformedMessageError:
            continue


class Network(RuleBasedStateMachine):
    """Clients that do anything in any order: no address is ever of two of them at once."""

    def __init__(self) -> None:
        super().__init__()
        self.peer = Peer(subnet(hosts={mac(0): "10.0.0.101"}))
        self.held: dict[int, tuple[str, float]] = {}

    clients = st.integers(0, 5)
    addresses = st.integers(98, 104).map(lambda n: f"10.0.0.{n}")

    @rule(client=clients, wanted=st.none() | addresses)
    def discover(self, client: int, wanted: str | None) -> None:
        offered = self.peer.offered(mac(client), wanted)
        assert offered in {None, "10.0.0.100", "10.0.0.101", "10.0.0.102"}

    @rule(client=clients, wanted=addresses)
    def request(self, client: int, wanted: str) -> None:
        if self.peer.take(wanted, mac(client))[0] is MessageType.ACK:
            self.held[client] = wanted, self.peer.now + 600

    @rule(client=clients)
    def release(self, client: int) -> None:
        if client in self.held:
            given_up, _ = self.held.pop(client)
            self.peer.say(request(MessageType.RELEASE, mac(client), ciaddr=given_up))

    @rule(seconds=st.integers(0, 700))
    def wait(self, seconds: int) -> None:
        self.peer.now += seconds
        self.held = {c: (a, until) for c, (a, until) in self.held.items() if until > self.peer.now}

    @invariant()
    def nobody_shares(self) -> None:
        held = [held for held, _ in self.held.values()]
        assert len(set(held)) == len(held)


TestNetwork = Network.TestCase

"""The DHCP client, told what comes and asked what it does. Times are in seconds from the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from libos.net.dhcp import options
from libos.net.dhcp.client import Client
from libos.net.dhcp.effects import Configure, Drop, Report, Send, SetTimer
from libos.net.dhcp.lease import Lease, lease_of
from libos.net.dhcp.message import Message, parse, render
from libos.net.dhcp.options import MessageType
from libos.net.dhcp.state import TRANSITIONS, Event, State

if TYPE_CHECKING:
    from libos.net.dhcp.effects import Effect

MAC = bytes.fromhex("525400123456")
OURS = bytes([10, 0, 0, 7])


def answer(
    request: Message,
    kind: MessageType,
    *extra: tuple[int, bytes],
    server: str = "10.0.0.1",
    yiaddr: bytes = OURS,
    seconds: int = 3600,
) -> Message:
    """What a server says to `request`."""
    given = [options.MESSAGE_TYPE(kind), options.SERVER_IDENTIFIER(server)]
    if kind is not MessageType.NAK:
        given += [options.LEASE_TIME(seconds), options.SUBNET_MASK(24)]
    return Message(
        op=2, xid=request.xid, chaddr=request.chaddr, yiaddr=yiaddr, options=dict([*given, *extra])
    )


class Playbook:
    """A client with a clock; what it does is kept, what it said last is at hand."""

    def __init__(self, *, remembered: Lease | None = None, hostname: str | None = None) -> None:
        # The middle of the range: delays are exact, without jitter.
        self.client = Client(MAC, lambda: 0.5, hostname=hostname, remembered=remembered)
        self.now = 0.0
        self.timer: float | None = None
        self.sent: list[tuple[float, Send]] = []
        self.addresses: list[str] = []
        self.reports: list[str] = []
        self.do(self.client.start(0.0))

    def do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.sent.append((self.now, effect))
            elif isinstance(effect, Configure):
                self.addresses.append(effect.lease.address)
            elif isinstance(effect, Drop):
                self.addresses.remove(effect.lease.address)
            elif isinstance(effect, SetTimer):
                self.timer = effect.at
            elif isinstance(effect, Report):
                self.reports.append(effect.text)

    @property
    def last(self) -> Message:
        return self.sent[-1][1].message

    def hear(self, message: Message) -> None:
        self.do(self.client.receive(parse(render(message)), self.now))

    def sleep(self) -> None:
        """Until the timer goes off."""
        assert self.timer is not None
        self.now = self.timer
        self.do(self.client.wake(self.now))

    def sleep_until(self, now: float) -> None:
        while self.timer is not None and self.timer <= now:
            self.sleep()
        self.now = now

    def bind(self, seconds: int = 3600) -> Playbook:
        self.hear(answer(self.last, MessageType.OFFER, seconds=seconds))
        self.hear(answer(self.last, MessageType.ACK, seconds=seconds))
        assert self.client.state is State.BOUND
        return self


def kind(message: Message) -> MessageType | None:
    return message.get(options.MESSAGE_TYPE)


def test_discover_offer_request_ack() -> None:
    play = Playbook(hostname="guest")
    assert kind(play.last) is MessageType.DISCOVER
    assert play.last.get(options.CLIENT_IDENTIFIER) == b"\1" + MAC
    assert play.last.get(options.HOST_NAME) == "guest"
    assert (play.sent[0][1].source, play.sent[0][1].destination) == ("0.0.0.0", "255.255.255.255")

    play.hear(answer(play.last, MessageType.OFFER))
    assert kind(play.last) is MessageType.REQUEST
    assert play.last.get(options.REQUESTED_ADDRESS) == "10.0.0.7"
    assert play.last.get(options.SERVER_IDENTIFIER) == "10.0.0.1"
    assert play.last.ciaddr == bytes(4)
    assert play.sent[1][1].destination == "255.255.255.255"

    play.hear(answer(play.last, MessageType.ACK))
    assert play.addresses == ["10.0.0.7"]
    assert play.timer == 1800
    assert play.reports == [
        "looking for a DHCP server",
        "10.0.0.1 offers 10.0.0.7/24",
        "requesting the offered address",
        "lease of 10.0.0.7/24 from 10.0.0.1 for 3600 s",
    ]


def test_a_discover_is_repeated_for_ever_ever_more_slowly() -> None:
    play = Playbook()
    for _ in range(9):
        play.sleep()
    assert [at for at, _ in play.sent] == [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]
    assert [send.message.secs for _, send in play.sent] == [at for at, _ in play.sent]
    assert play.reports[-1] == "looking for a DHCP server, attempt 10"


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 10))
def test_jitter_is_at_most_a_second_and_never_dominates(chance: float, times: int) -> None:
    client = Client(MAC, lambda: chance)
    now, effects = 0.0, client.start(0.0)
    for _ in range(times):
        (now,) = (effect.at for effect in effects if isinstance(effect, SetTimer) and effect.at)
        effects = client.wake(now)
    (at,) = (effect.at for effect in effects if isinstance(effect, SetTimer) and effect.at)
    middle = min(64, 2**times)
    assert abs(at - now - middle) <= min(1, middle / 4) + 1e-6


def test_waking_early_does_no_harm() -> None:
    play = Playbook()
    assert play.client.wake(0.5) == [SetTimer(1.0)]
    assert len(play.sent) == 1


def test_of_two_servers_the_first_offer_is_taken_and_only_its_server_heard() -> None:
    play = Playbook()
    discover = play.last
    play.hear(answer(discover, MessageType.OFFER))
    play.hear(answer(discover, MessageType.OFFER, server="10.0.0.2", yiaddr=bytes([10, 0, 0, 9])))
    assert play.last.get(options.SERVER_IDENTIFIER) == "10.0.0.1"
    request = play.last
    play.hear(answer(request, MessageType.NAK, server="10.0.0.2"))
    play.hear(answer(request, MessageType.ACK, server="10.0.0.2"))
    assert play.client.state is State.REQUESTING
    play.hear(answer(request, MessageType.ACK))
    assert play.addresses == ["10.0.0.7"]


def test_a_request_that_nobody_answers_leads_back_to_looking_for_a_server() -> None:
    play = Playbook()
    play.hear(answer(play.last, MessageType.OFFER))
    for _ in range(4):
        play.sleep()
    kinds = [kind(send.message) for _, send in play.sent]
    assert kinds == [MessageType.DISCOVER, *[MessageType.REQUEST] * 4, MessageType.DISCOVER]
    assert play.now == 15


def test_a_refused_request_starts_over_after_a_pause_that_grows() -> None:
    play = Playbook()
    refusal = options.MESSAGE("no such address\n")
    for pause in (1, 2, 4):
        play.hear(answer(play.last, MessageType.OFFER))
        play.hear(answer(play.last, MessageType.NAK, refusal))
        before = play.now
        assert play.client.state is State.INIT
        assert play.reports[-1] == r"10.0.0.1 refuses the request ('no such address\n')"
        play.sleep()
        assert (play.client.state, play.now - before) == (State.SELECTING, pause)


def test_half_of_the_lease_on_it_is_renewed_with_its_server_alone() -> None:
    play = Playbook().bind()
    play.sleep()
    at, send = play.sent[-1]
    assert (at, send.source, send.destination) == (1800, "10.0.0.7", "10.0.0.1")
    assert send.message.ciaddr == OURS
    assert send.message.get(options.REQUESTED_ADDRESS) is None
    assert send.message.get(options.SERVER_IDENTIFIER) is None

    play.hear(answer(play.last, MessageType.ACK))
    assert play.client.state is State.BOUND
    assert play.timer == 1800 + 1800


def test_an_unanswered_renewal_becomes_a_question_to_all_and_then_the_address_goes() -> None:
    play = Playbook().bind()
    play.sleep_until(3599)
    tries = [(at, send.destination) for at, send in play.sent[2:]]
    everyone = "255.255.255.255"
    assert tries == [
        (1800, "10.0.0.1"),
        (2475, "10.0.0.1"),
        (2812.5, "10.0.0.1"),
        (2981.25, "10.0.0.1"),
        (3065.625, "10.0.0.1"),
        (3125.625, "10.0.0.1"),
        (3150, everyone),
        (3375, everyone),
        (3487.5, everyone),
        (3547.5, everyone),
    ]
    assert play.addresses == ["10.0.0.7"]
    play.sleep_until(3600)
    assert play.addresses == []
    assert "the lease of 10.0.0.7 expired" in play.reports
    assert kind(play.last) is MessageType.DISCOVER
    assert play.sent[-1][1].source == "0.0.0.0"


def test_another_server_may_extend_the_lease() -> None:
    play = Playbook().bind()
    play.sleep_until(3150)
    play.hear(answer(play.last, MessageType.ACK, server="10.0.0.2"))
    assert play.client.state is State.BOUND
    assert play.client.lease is not None
    assert play.client.lease.server == "10.0.0.2"


def test_a_refused_renewal_takes_the_address_away_at_once() -> None:
    play = Playbook().bind()
    play.sleep_until(1800)
    play.hear(answer(play.last, MessageType.NAK))
    assert play.addresses == []
    assert "the lease of 10.0.0.7 was withdrawn" in play.reports
    play.sleep()
    assert kind(play.last) is MessageType.DISCOVER


def test_a_clock_that_jumps_beyond_the_lease_finds_it_expired() -> None:
    play = Playbook().bind()
    play.do(play.client.wake(9999.0))
    assert play.addresses == []


def test_a_lease_without_end_sets_no_timer() -> None:
    play = Playbook().bind(options.INFINITE)
    assert play.timer is None
    assert play.reports[-1].endswith("without end")


def test_times_count_from_the_request_not_from_its_answer() -> None:
    play = Playbook()
    play.hear(answer(play.last, MessageType.OFFER))
    request = play.last
    play.sleep()
    play.hear(answer(request, MessageType.ACK))
    assert (play.now, play.timer) == (1, 1800)


def test_a_remembered_address_is_asked_for_first() -> None:
    lease = Playbook().bind().client.lease
    play = Playbook(remembered=lease)
    assert kind(play.last) is MessageType.REQUEST
    assert play.last.get(options.REQUESTED_ADDRESS) == "10.0.0.7"
    assert play.last.get(options.SERVER_IDENTIFIER) is None
    assert play.last.ciaddr == bytes(4)
    play.hear(answer(play.last, MessageType.ACK))
    assert play.addresses == ["10.0.0.7"]


def test_a_remembered_address_of_another_network_is_forgotten() -> None:
    play = Playbook(remembered=Playbook().bind().client.lease)
    play.hear(answer(play.last, MessageType.NAK))
    play.sleep()
    assert kind(play.last) is MessageType.DISCOVER


def test_a_remembered_address_nobody_knows_of_is_given_up() -> None:
    play = Playbook(remembered=Playbook().bind().client.lease)
    play.sleep_until(15)
    assert kind(play.last) is MessageType.DISCOVER


def test_stopping_gives_the_lease_back() -> None:
    play = Playbook().bind()
    play.do(play.client.stop(10.0))
    assert kind(play.last) is MessageType.RELEASE
    assert play.last.ciaddr == OURS
    assert play.last.get(options.SERVER_IDENTIFIER) == "10.0.0.1"
    assert play.sent[-1][1].destination == "10.0.0.1"
    assert (play.addresses, play.timer) == ([], None)


def test_stopping_without_a_lease_says_nothing() -> None:
    play = Playbook()
    play.do(play.client.stop(10.0))
    assert (len(play.sent), play.timer) == (1, None)
    offer = answer(play.last, MessageType.OFFER)
    assert play.client.receive(offer, 11.0) == []


def other(message: Message, **changed: object) -> Message:
    fields = {name: getattr(message, name) for name in message.__slots__}
    return Message(**{**fields, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"op": 1},
        {"xid": 1},
        {"chaddr": b"\2" * 6},
        {"yiaddr": bytes(4)},
        {"options": {}},
        {"options": {53: b"\x63"}},
        {"options": {53: b"\2", 51: b"\0\0\1\0"}},
        {"options": {53: b"\2", 54: b"\1\1\1\1"}},
        {"options": {53: b"\5", 54: b"\1\1\1\1", 51: b"\0\0\1\0"}},
        {"options": {53: b"\1", 54: b"\1\1\1\1", 51: b"\0\0\1\0"}},
    ],
)
def test_what_is_not_for_us_or_not_an_offer_changes_nothing(changed: dict[str, object]) -> None:
    play = Playbook()
    play.hear(other(answer(play.last, MessageType.OFFER), **changed))
    assert (play.client.state, len(play.sent), play.timer) == (State.SELECTING, 1, 1)


def test_the_table_knows_all_states_and_every_state_can_be_left_and_reached() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(TRANSITIONS[State.STOPPED]) == set()
    reached = {target for moves in TRANSITIONS.values() for target in moves.values()}
    assert reached == set(State)
    assert {event for moves in TRANSITIONS.values() for event in moves} == set(Event)


chances = st.floats(0, 1, exclude_max=True)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 5000)),
        st.tuples(st.sampled_from(list(MessageType)), st.integers(0, 7200)),
        st.tuples(st.binary(max_size=60), st.just(0)),
    ),
    max_size=30,
)


@hypothesis_settings(max_examples=300)
@given(steps, chances)
def test_whatever_happens_the_address_is_the_lease_s_and_a_timer_is_set(
    happenings: list[tuple[object, int]], chance: float
) -> None:
    client = Client(MAC, lambda: chance)
    addresses: list[Lease] = []
    now, timer, last = 0.0, None, None
    effects = client.start(now)
    for what, number in [("wait", 0), *happenings]:
        for effect in effects:
            if isinstance(effect, Send):
                last = effect.message
                assert parse(render(last)) == last
            elif isinstance(effect, Configure):
                addresses = [effect.lease]
            elif isinstance(effect, Drop):
                addresses.remove(effect.lease)
            elif isinstance(effect, SetTimer):
                timer = effect.at
        assert addresses == ([] if client.lease is None else [client.lease])
        assert timer is not None or (client.lease is not None and client.lease.seconds is None)
        assert timer is None or timer >= now
        assert last is not None
        if what == "wait":
            now += number
            effects = client.wake(now)
        elif isinstance(what, MessageType):
            effects = client.receive(answer(last, what, seconds=number), now)
        else:
            assert isinstance(what, bytes)
            strange = dict(enumerate(what, 1))
            hostile = {code: bytes([value]) for code, value in strange.items() if code != 52}
            message = Message(op=2, xid=last.xid, chaddr=MAC, options=hostile)
            effects = client.receive(message, now)


def test_an_offer_is_the_lease_it_describes() -> None:
    play = Playbook().bind()
    offer = answer(play.last, MessageType.ACK)
    assert play.client.lease == lease_of(offer)

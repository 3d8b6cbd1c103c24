"""DHCP messages: bytes to values and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.net.dhcp import options
from libos.net.dhcp.message import (
    MAXIMUM_SIZE,
    MINIMUM_SIZE,
    MalformedMessageError,
    Message,
    MessageTooLongError,
    parse,
    render,
)
from libos.net.dhcp.options import MessageType

MAC = bytes.fromhex("525400123456")

addresses = st.binary(min_size=4, max_size=4)
texts = st.binary().filter(lambda text: 0 not in text)
codes = st.integers(1, 254).filter(lambda code: code != 52)


def messages(option_size: int = 600, sname: int = 64, file: int = 128) -> st.SearchStrategy[Any]:
    return st.builds(
        Message,
        op=st.sampled_from([1, 2]),
        xid=st.integers(0, 0xFFFFFFFF),
        chaddr=st.binary(max_size=16),
        options=st.dictionaries(codes, st.binary(max_size=option_size), max_size=8),
        htype=st.integers(0, 255),
        hops=st.integers(0, 255),
        secs=st.integers(0, 0xFFFF),
        flags=st.integers(0, 0xFFFF),
        ciaddr=addresses,
        yiaddr=addresses,
        siaddr=addresses,
        giaddr=addresses,
        sname=st.binary(max_size=sname).map(lambda text: text.replace(b"\0", b"")),
        file=st.binary(max_size=file).map(lambda text: text.replace(b"\0", b"")),
    )


@given(messages())
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert parse(render(message, 65507)) == message


@given(messages(option_size=150, sname=0, file=0))
def test_options_that_overflow_go_on_in_file_and_sname(message: Message) -> None:
    try:
        data = render(message)
    except MessageTooLongError:
        assert sum(2 + len(value) for value in message.options.values()) > MAXIMUM_SIZE - 240
        return
    assert MINIMUM_SIZE <= len(data) <= MAXIMUM_SIZE
    assert parse(data) == message


@given(st.binary(max_size=700))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessageError:
        return
    assert parse(render(message, 65507)) == message


@given(messages(option_size=40), st.data())
def test_a_damaged_message_is_a_message_or_malformed(message: Message, data: st.DataObject) -> None:
    damaged = bytearray(render(message, 65507))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(damaged))) :]
    try:
        again = parse(bytes(damaged))
    except MalformedMessageError:
        return
    assert parse(render(again, 65507)) == again


DISCOVER = (
    "01010600" "12345678" "00030000" "00000000" "00000000" "00000000" "00000000"
    "52540012345600000000000000000000" + 192 * "00" + "63825363" "350101" "3204c0000207" "ff"
)  # fmt: skip


def test_a_discover_in_full() -> None:
    message = Message(
        op=1,
        xid=0x12345678,
        secs=3,
        chaddr=MAC,
        options=dict(
            [
                options.REQUESTED_ADDRESS("192.0.2.7"),
                options.MESSAGE_TYPE(MessageType.DISCOVER),
            ]
        ),
    )
    assert render(message) == bytes.fromhex(DISCOVER).ljust(300, b"\0")
    assert message.get(options.MESSAGE_TYPE) is MessageType.DISCOVER
    assert message.get(options.ROUTERS) is None


def wire(field: str, *, file: str = "", sname: str = "") -> bytes:
    fixed = bytes.fromhex(DISCOVER)[:44]
    names = bytes.fromhex(sname).ljust(64, b"\0") + bytes.fromhex(file).ljust(128, b"\0")
    return fixed + names + bytes.fromhex("63825363" + field)


def test_pieces_of_an_option_are_joined_across_all_fields_in_the_order_of_rfc_3396() -> None:
    message = parse(wire("340103 380161 ff", file="380162 ff", sname="380163 ff"))
    assert message.options == {56: b"abc"}
    assert (message.file, message.sname) == (b"", b"")


def test_without_overload_the_fields_are_names() -> None:
    message = parse(wire("ff", file="380162", sname="380163"))
    assert (message.file, message.sname) == (b"8\1b", b"8\1c")


def test_padding_and_what_follows_the_end_are_passed_over() -> None:
    assert parse(wire("0000 350101 00 ff 3501")).options == {53: b"\1"}


def test_a_missing_end_is_forgiven() -> None:
    assert parse(wire("350101")).options == {53: b"\1"}


def test_an_overload_inside_of_an_overloaded_field_means_nothing() -> None:
    message = parse(wire("340101 ff", file="340103 350101 ff", sname="350102"))
    assert message.options == {53: b"\1"}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "0 bytes are too few, 240 the least"),
        (wire("")[:239], "239 bytes are too few"),
        (wire("ff").replace(b"\x63\x82\x53\x63", b"\1\2\3\4"), "no DHCP magic cookie"),
        (wire("3502 01"), "option 53 runs beyond the end of its field"),
        (wire("35"), "option 53 has no length"),
        (wire("340104 ff"), "option overload of value 04"),
        (wire("3400 ff"), "option overload of value "),
        (wire("340101", file=126 * "00" + "3803"), "option 56 runs beyond"),
        (b"\3" + wire("ff")[1:], "op 3 is neither request nor reply"),
        (wire("ff")[:2] + b"\x11" + wire("ff")[3:], "hardware address of 17 bytes"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, what: str) -> None:
    with pytest.raises(MalformedMessageError, match=what):
        parse(data)


@pytest.mark.parametrize(
    "given",
    [
        {"op": 0},
        {"xid": -1},
        {"secs": 0x10000},
        {"flags": 0x10000},
        {"hops": 256},
        {"yiaddr": b"\0"},
        {"chaddr": bytes(17)},
        {"sname": bytes(65)},
        {"file": b"a\0b"},
        {"options": {0: b""}},
        {"options": {52: b"\1"}},
        {"options": {255: b""}},
        {"options": {256: b""}},
    ],
)
def test_no_message_exists_that_could_not_be_sent(given: dict[str, Any]) -> None:
    fields = {"op": 1, "xid": 0, "chaddr": MAC, "options": {}, **given}
    with pytest.raises(ValueError, match="a DHCP message cannot have"):
        Message(**fields)


def test_too_many_options_are_refused_with_the_room_there_is() -> None:
    message = Message(op=2, xid=0, chaddr=MAC, options={43: bytes(600)}, file=b"boot.img")
    with pytest.raises(
        MessageTooLongError, match=r"600 bytes of options.*308 .* 0 in `file` and 64"
    ):
        render(message)
    assert parse(render(message, 1400)) == message

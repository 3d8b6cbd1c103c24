"""The states of a DHCP client and the moves between them (RFC 2131, figure 5).

Everything that affects the transitions is here; `client.py` asks the table and may do nothing else.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where the client stands; the names are those of RFC 2131."""

    INIT = auto()
    REBOOTING = auto()
    SELECTING = auto()
    REQUESTING = auto()
    BOUND = auto()
    RENEWING = auto()
    REBINDING = auto()
    STOPPED = auto()


class Event(Enum):
    """What moves the client on."""

    BEGIN = auto()  # nothing is known yet
    RESUME = auto()  # an earlier lease is remembered
    OFFER = auto()
    ACK = auto()
    NAK = auto()
    SILENCE = auto()  # the request was repeated often enough
    T1 = auto()
    T2 = auto()
    EXPIRY = auto()
    STOP = auto()


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.INIT: {
        Event.BEGIN: State.SELECTING,
        Event.RESUME: State.REBOOTING,
        Event.STOP: State.STOPPED,
    },
    State.REBOOTING: {
        Event.ACK: State.BOUND,
        Event.NAK: State.INIT,
        Event.SILENCE: State.SELECTING,
        Event.STOP: State.STOPPED,
    },
    State.SELECTING: {
        Event.OFFER: State.REQUESTING,
        Event.STOP: State.STOPPED,
    },
    State.REQUESTING: {
        Event.ACK: State.BOUND,
        Event.NAK: State.INIT,
        Event.SILENCE: State.SELECTING,
        Event.STOP: State.STOPPED,
    },
    State.BOUND: {
        Event.T1: State.RENEWING,
        Event.T2: State.REBINDING,
        Event.EXPIRY: State.INIT,
        Event.STOP: State.STOPPED,
    },
    State.RENEWING: {
        Event.ACK: State.BOUND,
        Event.NAK: State.INIT,
        Event.T2: State.REBINDING,
        Event.EXPIRY: State.INIT,
        Event.STOP: State.STOPPED,
    },
    State.REBINDING: {
        Event.ACK: State.BOUND,
        Event.NAK: State.INIT,
        Event.EXPIRY: State.INIT,
        Event.STOP: State.STOPPED,
    },
    State.STOPPED: {},
}
"""For each state the events that mean anything in it, and where they lead; others are ignored."""

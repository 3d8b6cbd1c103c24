"""What client and host say to each other while an image travels: frames, and their limits.

A frame is one byte of kind, four bytes of length (big-endian) and so many bytes. The content of
files follows a frame `CONTENT` as it is, so that it can be sent without passing through memory.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import msgspec

from fata.deploy.store.item import Item
from functoria import UserError

VERSION = 1
"""Of the protocol; either side refuses another."""

MAXIMUM_FRAME = 1 << 20
MAXIMUM_MANIFEST = 64 << 20
MAXIMUM_SIGNATURE = 1 << 16
MAXIMUM_ITEMS = 1000

_HEAD = struct.Struct(">BI")
_Message = TypeVar("_Message")


class Kind(enum.IntEnum):
    """The kinds of frames: the client sends the first two, the host the others."""

    OFFER = 1
    CONTENT = 2
    WANT = 3
    DONE = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """The manifest and its signature, which follow as they are, and what else can be sent."""

    version: int
    manifest: int
    signature: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`Wanted(digest, offset)` is a file that the host lacks, from this byte on."""

    digest: str
    offset: int


@dataclass(frozen=True, slots=True)
class Want:
    """What the host lacks, in the order in which it is to be sent."""

    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of this file from `offset` on follow, `size` of them."""

    digest: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Done:
    """Everything is in the store; the digests of manifest and signature, and who signed."""

    manifest: str
    signature: str | None
    signer: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A failure, to be shown to the user as it is."""

    what: str
    where: str | None
    do: str


KINDS: dict[type, Kind] = {
    Offer: Kind.OFFER,
    Content: Kind.CONTENT,
    Want: Kind.WANT,
    Done: Kind.DONE,
    Refused: Kind.REFUSED,
}


class LostError(UserError):
    """The other side has gone in the middle of what it had to say."""


def lost() -> LostError:
    """`lost()` is the failure that is met when the connection ends too early."""
    return LostError(
        "the connection ended while the image travelled",
        None,
        "run the command again: what has arrived need not travel again",
    )


def packed(message: object) -> bytes:
    """`packed(message)` is the frame of that message."""
    content = msgspec.json.encode(message)
    return _HEAD.pack(KINDS[type(message)], len(content)) + content


def read(stream: BinaryIO, type_: type[_Message]) -> _Message:
    """`read(stream, type_)` is the next message, which is of that type.

    Raises `UserError`: what the other side refused, in its words, `LostError` where it has gone,
    and a failure of its own for what is no message.
    """
    kind, length = _HEAD.unpack(exactly(stream, _HEAD.size))
    if length > MAXIMUM_FRAME:
        raise _confused(f"a frame of {length} bytes")
    content = exactly(stream, length)
    if kind == Kind.REFUSED:
        refused = _decoded(content, Refused)
        raise UserError(refused.what, refused.where, refused.do)
    if kind != KINDS[type_]:
        raise _confused(f"a frame of kind {kind}")
    return _decoded(content, type_)


def _decoded(content: bytes, type_: type[_Message]) -> _Message:
    try:
        return msgspec.json.decode(content, type=type_)
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError is a ValueError
        raise _confused(str(error)) from None


def exactly(stream: BinaryIO, length: int) -> bytes:
    """`exactly(stream, length)` is so many bytes of the stream. Raises `LostError` for fewer."""
    parts = bytearray()
    while len(parts) < length:
        part = stream.read(min(length - len(parts), 1 << 20))
        if not part:
            raise lost()
        parts += part
    return bytes(parts)


def _confused(what: str) -> UserError:
    return UserError(
        f"the other side does not speak as it should: {what[:200]}",
        "store",
        "see whether something else writes to the session, such as a `.bashrc` of the host that "
        "prints, and that both sides have one version of fata",
    )

"""How sectors that are encrypted and authenticated lie on a device: bytes only, no effects.

    sector 0            the header: geometry and salt, authenticated
    sectors 1 to M      the table, sealed: of each group of data sectors, two slots for each
    from sector M + 1   the data, encrypted; a sector of data fills a sector of the device

A slot is a kind, a nonce and a tag. One slot of a sector fits the data there; the other is empty,
or of what it held before, or of what it is about to hold. Both are empty before a first write.

Each group has a key of its own, HMAC-SHA256 of the device's key over the salt and the group's
number, and nonces are random: the limit of 2**32 messages for a key (NIST SP 800-38D, 8.3) is
that of a few sectors, and a device that is put back to an earlier state repeats no nonce.
"""

from __future__ import annotations

import hmac
import os
import struct

from libos.signatures.block import BlockError

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"fata-gcm-block-1"
FORMATTING, READY = 0, 1
NONCE, TAG, SALT = 12, 16, 16
EMPTY, DATA, RAW = 0, 1, 2
"""What a slot is of: nothing, data, or what lay there before anything was written."""

SLOT = 1 + NONCE + TAG
NO_SLOT = bytes(SLOT)

_HEADER = struct.Struct(f"<{len(MAGIC)}sIQB{SALT}s")
_HEADER_GROUP = (1 << 64) - 1


class Layout:
    """`Layout(sector_size, sectors)` is where things are on a device of `sectors` sectors.

    `data` are the sectors for data, `groups` the sectors of the table, `in_group` the sectors of
    data of one group. Raises `BlockError` for a device that has room for none.
    """

    __slots__ = ("data", "groups", "in_group", "sector_size", "sectors")

    def __init__(self, sector_size: int, sectors: int) -> None:
        self.sector_size = sector_size
        self.sectors = sectors
        self.in_group = (sector_size - NONCE - TAG) // (2 * SLOT)
        self.data = max(0, sectors - 1) * self.in_group // (self.in_group + 1)
        self.groups = -(-self.data // self.in_group)
        if not self.data:
            raise BlockError(
                f"a disk of {sectors} sectors is too small to be encrypted: give it 3 or more"
            )

    def place(self, sector: int) -> int:
        """`place(sector)` is the sector of the device that holds that sector of data."""
        return 1 + self.groups + sector


class Sealer:
    """`Sealer(key, salt)` makes and reads what lies on the device, with the keys of the groups."""

    __slots__ = ("_ciphers", "_key", "_salt")

    def __init__(self, key: bytes, salt: bytes) -> None:
        self._key = key
        self._salt = salt
        self._ciphers: dict[int, AESGCM] = {}

    def _cipher(self, group: int) -> AESGCM:
        found = self._ciphers.get(group)
        if found is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            message = MAGIC + self._salt + group.to_bytes(8, "little")
            found = AESGCM(hmac.digest(self._key, message, "sha256"))
            if len(self._ciphers) >= 1024:
                self._ciphers.clear()
            self._ciphers[group] = found
        return found

    def seal_header(self, layout: Layout, phase: int) -> bytes:
        """`seal_header(layout, phase)` is sector 0."""
        fields = _HEADER.pack(MAGIC, layout.sector_size, layout.sectors, phase, self._salt)
        nonce = os.urandom(NONCE)
        sealed = fields + nonce + self._cipher(_HEADER_GROUP).encrypt(nonce, b"", fields)
        return sealed.ljust(layout.sector_size, b"\0")

    def opens_header(self, sector: bytes) -> bool:
        """`opens_header(sector)` is whether it was sealed with this key and not changed."""
        end = _HEADER.size + NONCE + TAG
        nonce, tag = sector[_HEADER.size : end - TAG], sector[end - TAG : end]
        rest = sector[end:]
        fields = sector[: _HEADER.size]
        return rest == bytes(len(rest)) and self._decrypt(_HEADER_GROUP, nonce, tag, fields) == b""

    def seal_group(self, layout: Layout, group: int, slots: bytes) -> bytes:
        """`seal_group(layout, group, slots)` is a sector of the table."""
        nonce = os.urandom(NONCE)
        plain = slots.ljust(layout.sector_size - NONCE - TAG, b"\0")
        return nonce + self._cipher(group).encrypt(nonce, plain, _about(b"group", group))

    def open_group(self, layout: Layout, group: int, sector: bytes) -> bytearray:
        """`open_group(layout, group, sector)` is its slots. Raises `BlockError` if changed."""
        plain = self._decrypt(group, sector[:NONCE], sector[NONCE:], _about(b"group", group))
        if plain is None:
            first = group * layout.in_group
            last = min(first + layout.in_group, layout.data) - 1
            raise BlockError(
                f"the encrypted disk is damaged or was tampered with: its sectors {first} to "
                f"{last} cannot be read, for sector {1 + group} of the table has changed"
            )
        return bytearray(plain[: 2 * SLOT * layout.in_group])

    def seal(self, group: int, sector: int, data: bytes) -> tuple[bytes, bytes]:
        """`seal(group, sector, data)` is the slot and the ciphertext of a sector of data."""
        nonce = os.urandom(NONCE)
        sealed = self._cipher(group).encrypt(nonce, data, _about(b"data", sector))
        return bytes([DATA]) + nonce + sealed[-TAG:], sealed[:-TAG]

    def witness(self, group: int, sector: int, raw: bytes) -> bytes:
        """`witness(group, sector, raw)` is a slot which says that `raw` was never written."""
        nonce = os.urandom(NONCE)
        tag = self._cipher(group).encrypt(nonce, b"", _about(b"raw", sector) + raw)
        return bytes([RAW]) + nonce + tag

    def open(self, group: int, sector: int, slot: bytes, raw: bytes) -> bytes | None:
        """`open(group, sector, slot, raw)` is the data, if the slot is of what lies there."""
        kind, nonce, tag = slot[0], slot[1 : 1 + NONCE], slot[1 + NONCE :]
        if kind == DATA:
            return self._decrypt(group, nonce, raw + tag, _about(b"data", sector))
        if kind == RAW:
            fits = self._decrypt(group, nonce, tag, _about(b"raw", sector) + raw) is not None
            return bytes(len(raw)) if fits else None
        return None

    def _decrypt(self, group: int, nonce: bytes, sealed: bytes, about: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher(group).decrypt(nonce, sealed, about)
        except InvalidTag:
            return None


def read_header(sector: bytes) -> tuple[int, int, int, bytes] | None:
    """`read_header(sector)` is sector size, sectors, phase and salt; `None` if it is no header."""
    magic, sector_size, sectors, phase, salt = _HEADER.unpack_from(sector)
    return (sector_size, sectors, phase, salt) if magic == MAGIC else None


def _about(what: bytes, number: int) -> bytes:
    return what + number.to_bytes(8, "little")

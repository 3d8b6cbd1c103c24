"""A block device whose sectors are encrypted and authenticated with AES-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import asyncio
import logging
import os

from libos.signatures.block import BlockError
from libos.storage.block.bounds import check_read, check_write
from libos.storage.block.gcm_layout import (
    EMPTY,
    FORMATTING,
    NO_SLOT,
    READY,
    SALT,
    SLOT,
    Layout,
    Sealer,
    read_header,
)
from libos.storage.block.key import read_key

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from libos.signatures.block import Block
    from libos.signatures.kv_ro import KvRo

_log = logging.getLogger("block")
_NAME = "the encrypted disk"
_HELD_BYTES = 1 << 20  # of writes, before they are committed without a flush
_AT_ONCE = 64  # sectors between two turns of the event loop
_REMEMBERED_GROUPS = 512
_REMEMBERED_SLOTS = 1 << 16


class GcmBlock:
    """`GcmBlock(block, keys)` is the plaintext of what lies on `block`, as a `Block`.

    The key is the value `key_name` of `keys`, 32 or 64 bytes. A part of `block` is taken by a
    table of nonces and tags: an eighth of sectors of 512 bytes, a seventieth of those of 4096.
    A device that is all zeros where the table belongs is made ready at its first start; its
    sectors read as zeros. A sector that was changed on the medium, torn or moved is a
    `BlockError` naming it, and so is one that was put back to what it held before. What cannot
    be told is that the table, too, was put back to an older state.

    Writes are held in memory until a flush, or until they are many, and committed in this order:

    1. the table gets, for each sector, the nonce and tag of its new content *beside* those of
       what lies on the medium now; a flush;
    2. the new contents take the place of the old ones; a flush;
    3. the nonces and tags of the old contents are removed from the table.

    Wherever the machine ends, each sector on the medium is wholly old or wholly new, and the
    table has the tag of what is there: it is read as what it is. A sector whose old tag is still
    there, since the machine ended before step 3, is tried with both.
    """

    def __init__(self, block: Block, keys: KvRo, *, key_name: str = "disk.key") -> None:
        self._block = block
        self._keys = keys
        self._key_name = key_name
        self._layout = Layout(512, 3)
        self._sealer: Sealer | None = None
        self._lock = asyncio.Lock()
        self._held: dict[int, bytes] = {}
        self._groups: dict[int, bytearray] = {}
        self._live: dict[int, int] = {}
        # Whether the medium may lack what was read from it: a commit that was not finished.
        self._unsure = True
        self._failed: OSError | None = None

    @property
    def sector_size(self) -> int:
        """`sector_size` is the bytes of a sector, those of the device below."""
        return self._block.sector_size

    @property
    def sectors(self) -> int:
        """`sectors` is how many there are for data, once started."""
        return 0 if self._sealer is None else self._layout.data

    @property
    def read_only(self) -> bool:
        """`read_only` is whether every write is refused."""
        return self._block.read_only

    async def start(self) -> None:
        """Read the key and the header; make a new device ready. Raises `BlockError`."""
        key = await read_key(self._keys, self._key_name)
        header = await self._block.read(0)
        if header == bytes(len(header)):
            await self._format(key, os.urandom(SALT), new=True)
            return
        found = read_header(header)
        if found is None:
            raise BlockError(
                f"{_NAME} holds something else: give it another, or fill its beginning with "
                "zeros to have it made ready"
            )
        sector_size, sectors, phase, salt = found
        sealer = Sealer(key, salt)
        if not sealer.opens_header(header):
            raise BlockError(
                f"{_NAME} was encrypted with another key than {self._key_name!r}, or its header "
                "was changed"
            )
        if sector_size != self._block.sector_size or sectors > self._block.sectors:
            raise BlockError(
                f"{_NAME} was made for {sectors} sectors of {sector_size} bytes, and has "
                f"{self._block.sectors} of {self._block.sector_size}"
            )
        if phase == FORMATTING:
            await self._format(key, salt, new=False)
            return
        self._layout = Layout(sector_size, sectors)
        self._sealer = sealer

    async def stop(self) -> None:
        """Bring what was written to the medium, and forget the key."""
        try:
            if self._sealer is not None and self._held and self._failed is None:
                await self.flush()
        finally:
            self._sealer = None

    async def read(self, sector: int, count: int = 1) -> bytes:
        """`read(sector, count)` is the content of `count` sectors from `sector` on.

        Raises `BlockError` for a sector that was changed on the medium.
        """
        sealer = self._started()
        check_read(self, sector, count, _NAME)
        async with self._lock:
            wanted = range(sector, sector + count)
            if all(number in self._held for number in wanted):
                return b"".join(self._held[number] for number in wanted)
            raw = memoryview(await self._block.read(self._layout.place(sector), count))
            size = self.sector_size
            await self._load({number // self._layout.in_group for number in wanted}, sealer)
            found = []
            for index, number in enumerate(wanted):
                held = self._held.get(number)
                there = bytes(raw[index * size : (index + 1) * size])
                found.append(self._open(number, there, sealer)[0] if held is None else held)
                if index % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
        return b"".join(found)

    async def write(self, sector: int, data: bytes) -> None:
        """Write `data`, whole sectors, from `sector` on."""
        sealer = self._started()
        count = check_write(self, sector, len(data), _NAME)
        size, in_group = self.sector_size, self._layout.in_group
        async with self._lock:
            # A table that is damaged is told to who writes, not to a later flush.
            await self._load({(sector + index) // in_group for index in range(count)}, sealer)
            for index in range(count):
                self._held[sector + index] = bytes(data[index * size : (index + 1) * size])
            if len(self._held) * size >= _HELD_BYTES:
                await self._commit()

    async def flush(self) -> None:
        """When `flush()` has returned, all that was written before is on the medium."""
        self._started()
        async with self._lock:
            if self._held:
                await self._commit()
            else:
                await self._block.flush()

    def _started(self) -> Sealer:
        if self._sealer is None:
            raise BlockError(f"{_NAME} has no key: it is between `start` and `stop`")
        return self._sealer

    async def _format(self, key: bytes, salt: bytes, *, new: bool) -> None:
        """Make a device ready: the header says so only when the table is on the medium."""
        layout = Layout(self._block.sector_size, self._block.sectors)
        if self._block.read_only:
            raise BlockError(f"{_NAME} is new, and cannot be made ready: it is read-only")
        if new:
            await self._check_empty(layout)
        sealer = Sealer(key, salt)
        _log.info("making %s ready: %d sectors", _NAME, layout.data)
        await self._block.write(0, sealer.seal_header(layout, FORMATTING))
        await self._block.flush()
        for first in range(0, layout.groups, _AT_ONCE):
            groups = range(first, min(first + _AT_ONCE, layout.groups))
            table = b"".join(sealer.seal_group(layout, group, b"") for group in groups)
            await self._block.write(1 + first, table)
            await asyncio.sleep(0)
        await self._block.flush()
        await self._block.write(0, sealer.seal_header(layout, READY))
        await self._block.flush()
        self._layout, self._sealer = layout, sealer

    async def _check_empty(self, layout: Layout) -> None:
        """Raise `BlockError` if the header alone is zeros: making it ready would lose the rest."""
        for first in range(0, layout.groups, _AT_ONCE):
            table = await self._block.read(1 + first, min(_AT_ONCE, layout.groups - first))
            if table != bytes(len(table)):
                raise BlockError(
                    f"{_NAME} has lost its header, or holds something else: restore it, or fill "
                    f"its first {1 + layout.groups} sectors with zeros to have it made ready"
                )

    async def _load(self, groups: Iterable[int], sealer: Sealer) -> None:
        """Have the slots of these groups in memory."""
        missing = sorted(group for group in groups if group not in self._groups)
        if len(self._groups) + len(missing) > _REMEMBERED_GROUPS:
            self._groups = {group: self._groups[group] for group in groups if group in self._groups}
        size = self.sector_size
        for first, count in _runs(missing):
            table = await self._block.read(1 + first, count)
            for index in range(count):
                sector = table[index * size : (index + 1) * size]
                opened = sealer.open_group(self._layout, first + index, sector)
                self._groups[first + index] = opened

    def _open(self, number: int, raw: bytes, sealer: Sealer) -> tuple[bytes, int | None]:
        """The data of a sector, and which slot it fits; `None` if it was never written."""
        group = number // self._layout.in_group
        slots = [self._slot(number, which) for which in (0, 1)]
        if slots[0][0] == slots[1][0] == EMPTY:
            return bytes(len(raw)), None
        first = self._live.get(number, 0)
        for which in (first, 1 - first):
            data = sealer.open(group, number, slots[which], raw)
            if data is not None:
                self._remember(number, which)
                return data, which
        raise BlockError(
            f"{_NAME} is damaged or was tampered with: sector {number} is not what was written"
        )

    def _slot(self, number: int, which: int) -> bytes:
        group, index = divmod(number, self._layout.in_group)
        at = (2 * index + which) * SLOT
        return bytes(self._groups[group][at : at + SLOT])

    def _set_slot(self, number: int, which: int, slot: bytes) -> None:
        group, index = divmod(number, self._layout.in_group)
        at = (2 * index + which) * SLOT
        self._groups[group][at : at + SLOT] = slot

    def _remember(self, number: int, which: int) -> None:
        if len(self._live) >= _REMEMBERED_SLOTS:
            self._live.clear()
        self._live[number] = which

    async def _commit(self) -> None:
        """Bring what is held to the medium, old or new at every moment. Raises `OSError`."""
        if self._failed is not None:
            raise BlockError(f"{_NAME} is not written any more: {self._failed}") from self._failed
        sealer = self._started()
        numbers = sorted(self._held)
        groups = sorted({number // self._layout.in_group for number in numbers})
        try:
            if self._unsure:
                await self._block.flush()
            self._unsure = True
            await self._load(groups, sealer)
            sealed, used = await self._prepare(numbers, sealer)
            await self._write_table(groups, sealer)
            await self._block.flush()
            for first, count in _runs(numbers):
                data = b"".join(sealed[number] for number in range(first, first + count))
                await self._block.write(self._layout.place(first), data)
            await self._block.flush()
            self._remove_old(used)
            await self._write_table(groups, sealer)
        except BaseException as error:
            # What is in memory may be ahead of the medium; a medium that has failed to flush
            # may drop what it took, and can be trusted again only after a new start.
            self._groups.clear()
            self._live.clear()
            if isinstance(error, OSError):
                self._failed = error
            raise
        self._unsure = False
        self._held.clear()

    def _remove_old(self, used: dict[int, int]) -> None:
        for number, which in used.items():
            self._set_slot(number, 1 - which, NO_SLOT)
            self._live.pop(number, None)

    async def _prepare(
        self, numbers: list[int], sealer: Sealer
    ) -> tuple[dict[int, bytes], dict[int, int]]:
        """The ciphertext of each sector and the slot that it has taken, beside the old one's."""
        sealed: dict[int, bytes] = {}
        used: dict[int, int] = {}
        for turn, number in enumerate(numbers):
            used[number] = which = await self._free_slot(number, sealer)
            group = number // self._layout.in_group
            slot, sealed[number] = sealer.seal(group, number, self._held[number])
            self._set_slot(number, which, slot)
            if turn % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        return sealed, used

    async def _free_slot(self, number: int, sealer: Sealer) -> int:
        """The slot that is not of what lies on the medium, which the other one is of."""
        empty = [which for which in (0, 1) if self._slot(number, which)[0] == EMPTY]
        if len(empty) == 1:
            return empty[0]
        if number in self._live:
            return 1 - self._live[number]
        raw = await self._block.read(self._layout.place(number))
        try:
            _, live = self._open(number, raw, sealer)
        except BlockError:
            # Nothing is left that could be kept; a new content mends it.
            self._set_slot(number, 1, NO_SLOT)
            return 0
        if live is None:
            group = number // self._layout.in_group
            self._set_slot(number, 1, sealer.witness(group, number, raw))
            return 0
        return 1 - live

    async def _write_table(self, groups: list[int], sealer: Sealer) -> None:
        for first, count in _runs(groups):
            table = b"".join(
                sealer.seal_group(self._layout, group, bytes(self._groups[group]))
                for group in range(first, first + count)
            )
            await self._block.write(1 + first, table)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """The runs of numbers that follow each other, as first and count."""
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            yield numbers[start], end - start
            start = end

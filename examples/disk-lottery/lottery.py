"""Draws a ticket at every boot. How many there were, and the best one, is in a sector of a disk."""

import logging
import struct
import sys
import zlib

from libos.signatures.block import Block
from libos.signatures.random import Random

log = logging.getLogger("lottery")

RECORD = struct.Struct("<8sQII")  # magic, tickets so far, the best of them, CRC-32 of the rest
MAGIC = b"lottery1"


async def start(disk: Block, random: Random, *, slot: int, reset: bool) -> None:
    if not 0 <= slot < disk.sectors:
        sys.exit(f"there is no slot {slot}: the disk has 0 to {disk.sectors - 1}")
    count, best = (0, 0) if reset else unpacked(await disk.read(slot))
    ticket = int.from_bytes(random.generate(4), "little") % 1_000_000
    count, best = count + 1, max(best, ticket)
    await disk.write(slot, packed(count, best).ljust(disk.sector_size, b"\0"))
    await disk.flush()
    log.info("slot %d, ticket %d: %06d, the best so far %06d", slot, count, ticket, best)


def packed(count: int, best: int) -> bytes:
    body = RECORD.pack(MAGIC, count, best, 0)[:-4]
    return body + zlib.crc32(body).to_bytes(4, "little")


def unpacked(sector: bytes) -> tuple[int, int]:
    """Tickets so far and the best of them; none on a disk that was never played on."""
    if sector == bytes(len(sector)):
        return 0, 0
    magic, count, best, checksum = RECORD.unpack_from(sector)
    if magic != MAGIC or checksum != zlib.crc32(sector[: RECORD.size - 4]):
        sys.exit("this slot holds something else, or is damaged: begin anew with --reset")
    return count, best

"""A guest that reads from a disk and writes to it, and says how long that took."""

import time

from libos.signatures.block import Block

PIECE = 64  # KiB


async def start(disk: Block, *, kibibytes: int) -> None:
    count = PIECE * 1024 // disk.sector_size
    pieces = range(0, kibibytes // PIECE * count, count)
    began = time.monotonic()
    for sector in pieces:
        await disk.write(sector, (await disk.read(sector, count))[::-1])
        await disk.flush()  # or the kernel makes one request of all of them
    print(f"moved {2 * len(pieces) * PIECE} KiB in {time.monotonic() - began:.3f} s", flush=True)

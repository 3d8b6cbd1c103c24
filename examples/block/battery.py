"""A battery of reads and writes of a block device, each of which must do just what it should.

The device is a disk or a piece of memory: the program cannot tell, and need not. What lies beyond
the end, or is no whole sector, is refused; what was written is read back, also after a flush.
"""

import logging

from libos.signatures.block import BlockError

log = logging.getLogger("battery")


async def start(device):
    size = device.sector_size
    log.info(f"{device.sectors} sectors of {size} bytes")
    for count in (1, 2, 8, device.sectors):
        await written_and_read_back(device, count)
    await refused("a read beyond the end", device.read(device.sectors))
    await refused("a write beyond the end", device.write(device.sectors - 1, bytes(2 * size)))
    await refused("half a sector", device.write(0, bytes(size // 2)))


async def written_and_read_back(device, count):
    for first in {0, (device.sectors - count) // 2, device.sectors - count}:
        content = b"".join(pattern(number, device.sector_size) for number in range(count))
        await device.write(first, content)
        await device.flush()
        if await device.read(first, count) != content:
            raise ValueError(f"sectors {first} to {first + count - 1} are not as written")
    log.info(f"{count} at a time: read back as written")


def pattern(number, size):
    """A sector that differs from its neighbours in every byte."""
    return bytes((number * 7 + index) % 251 for index in range(size))


async def refused(what, attempt):
    try:
        await attempt
    except BlockError:
        log.info(f"{what}: refused")
    else:
        raise ValueError(f"{what} was not refused")

"""The key of an encrypted block device, read when the program starts and kept nowhere else."""

from __future__ import annotations

from libos.signatures.block import BlockError
from libos.signatures.kv_ro import StoreError

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from libos.signatures.kv_ro import KvRo

LENGTHS = (32, 64)


async def read_key(store: KvRo, name: str) -> bytes:
    """`read_key(store, name)` is the key that the store has under that name.

    Raises `BlockError`, which never shows a byte of it, for one that is missing, of another
    length than 32 or 64 bytes, or made of two equal halves: with those XTS would not hide what
    it should (NIST SP 800-38E refers to IEEE 1619, which excludes them), and no generator of
    random numbers makes them.
    """
    make = f"make it with `head -c 64 /dev/urandom >{name.rpartition('/')[2]}`"
    try:
        key = await store.get(name)
    except StoreError as error:
        raise BlockError(f"there is no key for the encrypted disk: {error}; {make}") from error
    if len(key) not in LENGTHS:
        raise BlockError(
            f"the key {name!r} of the encrypted disk has {len(key)} bytes, not 32 or 64; {make}"
        )
    half = len(key) // 2
    if key[:half] == key[half:]:
        raise BlockError(
            f"the key {name!r} of the encrypted disk consists of two equal halves, so that it is "
            f"not random; {make}"
        )
    return key

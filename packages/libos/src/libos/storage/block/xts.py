"""A block device whose sectors are encrypted with AES-XTS (IEEE 1619-2007, NIST SP 800-38E)."""

from __future__ import annotations

import asyncio

from libos.signatures.block import BlockError
from libos.storage.block.bounds import check_read, check_write
from libos.storage.block.key import read_key

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

    from libos.signatures.block import Block
    from libos.signatures.kv_ro import KvRo

_NAME = "the encrypted disk"
_AT_ONCE = 64  # sectors between two turns of the event loop


class XtsBlock:
    """`XtsBlock(block, keys)` is the plaintext of the sectors of `block`, as a `Block`.

    The key is the value `key_name` of `keys`: 64 bytes for AES-256, 32 for AES-128. The tweak of
    a sector is its number. Each sector is encrypted for itself and takes no more space, so that
    what the device below promises of writes holds here too.

    XTS hides what is stored from who reads the medium. It does not authenticate: who can write
    to the medium can change a sector to noise, or put back what it held before, and no error
    tells; a sector that was never written reads as noise.
    """

    __slots__ = ("_block", "_key", "_key_name", "_keys")

    def __init__(self, block: Block, keys: KvRo, *, key_name: str = "disk.key") -> None:
        self._block = block
        self._keys = keys
        self._key_name = key_name
        self._key = b""

    @property
    def sector_size(self) -> int:
        """`sector_size` is the bytes of a sector, those of the device below."""
        return self._block.sector_size

    @property
    def sectors(self) -> int:
        """`sectors` is how many there are."""
        return self._block.sectors

    @property
    def read_only(self) -> bool:
        """`read_only` is whether every write is refused."""
        return self._block.read_only

    async def start(self) -> None:
        """Read the key. Raises `BlockError` for one that cannot be used."""
        self._key = await read_key(self._keys, self._key_name)

    async def stop(self) -> None:
        """Forget the key."""
        self._key = b""

    async def read(self, sector: int, count: int = 1) -> bytes:
        """`read(sector, count)` is the content of `count` sectors from `sector` on."""
        check_read(self, sector, count, _NAME)
        return await self._each(sector, await self._block.read(sector, count), decrypt=True)

    async def write(self, sector: int, data: bytes) -> None:
        """Write `data`, whole sectors, from `sector` on."""
        check_write(self, sector, len(data), _NAME)
        await self._block.write(sector, await self._each(sector, data, decrypt=False))

    async def flush(self) -> None:
        """When `flush()` has returned, all that was written before is on the medium."""
        await self._block.flush()

    async def _each(self, sector: int, data: bytes, *, decrypt: bool) -> bytes:
        """The sectors of `data`, the first of which is `sector`, each through the cipher."""
        size = self._block.sector_size
        view = memoryview(data)
        done = []
        for index in range(len(view) // size):
            cipher = self._cipher(sector + index, decrypt=decrypt)
            done.append(cipher.update(view[index * size : (index + 1) * size]))
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        return b"".join(done)

    def _cipher(self, sector: int, *, decrypt: bool) -> CipherContext:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import XTS

        if not self._key:
            raise BlockError(f"{_NAME} has no key: it is between `start` and `stop`")
        cipher = Cipher(AES(self._key), XTS(sector.to_bytes(16, "little")))
        return cipher.decryptor() if decrypt else cipher.encryptor()

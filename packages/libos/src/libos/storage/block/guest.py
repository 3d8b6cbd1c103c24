"""A disk of a VM, found by the name that its host gave it."""

from __future__ import annotations

import asyncio

from libos.boot.devices import BLOCK, disks
from libos.signatures.block import BlockError
from libos.storage.block.file import FileBlock

_LIMIT_SECONDS = 10.0
_POLL_SECONDS = 0.02


class GuestDisk(FileBlock):
    """`GuestDisk("data")` is the disk that the host calls `data`, as a `Block`.

    `size` is the bytes that it must have at least.
    """

    __slots__ = ("_devices", "_directory", "_limit", "_name")

    def __init__(
        self,
        name: str,
        *,
        size: int | None = None,
        sector_size: int = 512,
        read_only: bool = False,
        limit: float = _LIMIT_SECONDS,
        directory: str = BLOCK,
        devices: str = "/dev",
    ) -> None:
        super().__init__("", size=size, create=False, sector_size=sector_size, read_only=read_only)
        self._name = name
        self._limit = limit
        self._directory = directory
        self._devices = devices

    async def start(self) -> None:
        """Find the disk and open it. Raises `BlockError` saying which disks there are instead."""
        self._path = f"{self._devices}/{await self._find()}"
        try:
            await super().start()
        except BlockError as error:
            raise BlockError(f"disk `{self._name}`: {error}") from error

    async def _find(self) -> str:
        """The kernel's name of the disk, such as `vda`; its driver may still be at work."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limit
        while True:
            found = disks(self._directory)
            if self._name in found:
                return found[self._name]
            if loop.time() >= deadline:
                break
            await asyncio.sleep(_POLL_SECONDS)
        there = ", ".join(f"`{name}` ({disk})" for name, disk in sorted(found.items()))
        raise BlockError(
            f"the host gives this VM no disk `{self._name}`; it gives {there or 'none'}"
        )

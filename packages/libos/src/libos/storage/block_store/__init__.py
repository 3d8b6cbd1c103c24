"""A key-value store on a block device that outlasts crashes; docs/storage-format.md."""

from __future__ import annotations

from libos.storage.block_store.store import BlockStore

__all__ = ["BlockStore"]

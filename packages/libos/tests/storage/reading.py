"""How tests read a whole store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libos.signatures.kv_ro import KvRo


async def everything(store: KvRo, prefix: str = "") -> dict[str, bytes]:
    """All values of a store, by key; each is as long as the store says."""
    found: dict[str, bytes] = {}
    waiting = [prefix]
    while waiting:
        prefix = waiting.pop()
        for name, kind in await store.list(prefix):
            key = f"{prefix}/{name}" if prefix else name
            assert await store.exists(key) == kind
            if kind == "value":
                found[key] = await store.get(key)
                assert await store.size(key) == len(found[key])
            else:
                waiting.append(key)
    return found

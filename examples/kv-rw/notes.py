"""Keeps notes, from boot to boot if the store outlives the program."""

import logging

from libos.signatures.kv_rw import KvRw

log = logging.getLogger("notes")


async def start(store: KvRw, *, note: str | None, remove: str | None) -> None:
    boots = int(await store.get("boots")) + 1 if await store.exists("boots") else 1
    async with store.batch() as batch:
        batch.set("boots", b"%d" % boots)
        if remove is not None and await store.exists(key := notes_key(remove)):
            batch.remove(key)
        if note is not None:
            batch.set(f"notes/{boots}", note.encode())
    await store.flush()
    await show(store, boots)


def notes_key(number: str) -> str:
    return "notes" if number == "all" else f"notes/{number}"


async def show(store: KvRw, boots: int) -> None:
    log.info("boot %d", boots)
    if await store.exists("notes"):
        for name, _ in await store.list("notes"):
            log.info("note %s: %s", name, (await store.get(f"notes/{name}")).decode())

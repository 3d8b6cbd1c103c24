"""Keeps notes, from boot to boot if the store outlives the program.

One job changes the store, and then another shows it, which is given it to read from only.
"""

import logging

from libos.signatures.kv_ro import KvRo
from libos.signatures.kv_rw import KvRw

log = logging.getLogger("notes")


async def change(store: KvRw, *, note: str | None, remove: str | None) -> None:
    boots = int(await store.get("boots")) + 1 if await store.exists("boots") else 1
    async with store.batch() as batch:
        batch.set("boots", b"%d" % boots)
        if remove is not None and await store.exists(key := notes_key(remove)):
            batch.remove(key)
        if note is not None:
            batch.set(f"notes/{boots}", note.encode())
    await store.flush()


def notes_key(number: str) -> str:
    return "notes" if number == "all" else f"notes/{number}"


async def show(store: KvRo) -> None:
    log.info("boot %s", (await store.get("boots")).decode())
    if await store.exists("notes"):
        for name, _ in await store.list("notes"):
            log.info("note %s: %s", name, (await store.get(f"notes/{name}")).decode())

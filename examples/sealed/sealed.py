"""Keeps a word on an encrypted disk, whose key comes on a disk of its own.

The key is in no image and in no argument: it is the file `disk.key` in the tar archive that the
host gives as the disk `keys`. Make one with

    head -c 64 /dev/urandom > disk.key && mkdir -p disks && tar -cf disks/keys.img disk.key

With `--mode xts` a new disk looks like noise and not like nothing: start once with `--format`.
"""

import logging

log = logging.getLogger("sealed")


async def start(store, *, word):
    if word is not None:
        await store.set("word", word.encode())
        await store.flush()
        log.info("kept")
    elif await store.exists("word"):
        log.info("the word is %s", (await store.get("word")).decode())
    else:
        log.info("there is no word yet: give one, with `--word=...`")

"""Says which of some keys name the same value."""

import logging
import sys

from libos.signatures.kv_ro import KvRo, NotFound

log = logging.getLogger("compare")


async def start(texts: KvRo, *, keys: tuple[str, ...]) -> None:
    first, *others = keys
    try:
        value = await texts.get(first)
        for key in others:
            same = await texts.get(key) == value
            log.info("%s and %s are %s", first, key, "the same" if same else "different")
    except NotFound as error:
        there = [name for name, _ in await texts.list("greetings")]
        sys.exit(f"there is no text {error.key!r}; there are greetings of {', '.join(there)}")

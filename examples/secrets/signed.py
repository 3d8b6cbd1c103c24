"""Signs a text with a key that is in no image, no argument and no log."""

import hashlib
import hmac
import logging

from libos.signatures.kv_ro import KvRo

log = logging.getLogger("signed")


async def start(secrets: KvRo, *, text: str) -> None:
    key = await secrets.get("signing-key")
    log.info("%s is signed %s", text, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())

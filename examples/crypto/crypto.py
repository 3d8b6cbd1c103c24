"""Hashes, random bytes, a cipher with authentication (AES-GCM) and signatures (RSA), the last two
by the package `cryptography`, whose compiled parts are packed as they are."""

import hashlib
import logging

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libos.signatures.random import Random

log = logging.getLogger("crypto")
MESSAGE = b"hello, world"


async def start(random: Random) -> None:
    log.info("SHA-256 %s", hashlib.sha256(MESSAGE).hexdigest())
    key, nonce = random.generate(32), random.generate(12)
    log.info("%d random bytes make a key", len(key))

    cipher = AESGCM(key)
    sealed = cipher.encrypt(nonce, MESSAGE, None)
    log.info("AES-GCM gives back %r", cipher.decrypt(nonce, sealed, None))
    try:
        cipher.decrypt(nonce, bytes([sealed[0] ^ 1]) + sealed[1:], None)
    except InvalidTag:
        log.info("AES-GCM notices a changed bit")

    signer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = signer.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    signer.public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    log.info("RSA verifies a signature of %d bytes", len(signature))

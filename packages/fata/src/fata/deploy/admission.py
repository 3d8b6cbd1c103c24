"""Which images a host takes, when they arrive and each time they start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.signing import Signer, Signers, known, verify
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.item import Item, item_of
from fata.image.manifest import FILE_NAME, Manifest, blobs_of, image_digest, parse
from functoria import UserError

_AGAIN = "build the image again with `fata build`, then deploy it again"


@dataclass(frozen=True, slots=True)
class Admitted:
    """`Admitted(manifest, signer, files)` is an image that may run.

    `signer` is `None` for one that nobody signed, and has no principal where the host does not
    know the key; either only where that is allowed. `files` are the paths of
    its files in the store, by the names that the manifest has for them; each was read whole.
    """

    manifest: Manifest
    signer: Signer | None
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Admission:
    """`Admission(signers, required)` is what a host asks of images.

    `required` is whether an image must be signed by somebody whom the host trusts. A signature
    that is there has to fit in any case: where it does not, something was changed.
    """

    signers: Signers
    required: bool

    def signer(
        self, manifest: bytes, signature: bytes | None, at: float | None = None
    ) -> Signer | None:
        """`signer(manifest, signature)` is who signed, or `None`. Raises `UserError`."""
        if signature is None and self.required:
            raise UserError(
                "the image is not signed, and this host runs only what is",
                FILE_NAME,
                "make an ssh key with `ssh-keygen -t ed25519`, or start the agent that has yours, "
                "and deploy again",
            )
        if signature is None:
            return None
        try:
            return verify(manifest, signature, self.signers, at)
        except UserError:
            if self.required:
                raise
        return known(manifest, signature)

    def arriving(
        self, manifest: bytes, signature: bytes | None, items: tuple[Item, ...]
    ) -> Signer | None:
        """`arriving(manifest, signature, items)` is who signed what is about to arrive.

        Raises `UserError` unless the items are exactly the files that the manifest names.
        """
        signer = self.signer(manifest, signature)
        made = _parsed(manifest)
        named = {(blob.sha256, blob.size) for blob in blobs_of(made)}
        if {(item.digest, item.size) for item in items} != named:
            raise UserError(
                "the files that are offered are not those that the manifest names",
                FILE_NAME,
                _AGAIN,
            )
        return signer

    def starting(
        self, blobs: Blobs, manifest: str, signature: str | None, arrived: float | None = None
    ) -> Admitted:
        """`starting(blobs, manifest, signature)` is the image with these digests in the store.

        Every byte of it is read and checked. The key that signed has to have been trusted when the
        image `arrived`, in seconds of the epoch, so that what runs starts again after the key has
        expired; not after it was revoked. Raises `UserError` that names what has changed.
        """
        content = _content(blobs, manifest, FILE_NAME)
        signed = None if signature is None else _content(blobs, signature, f"{FILE_NAME}.sig")
        signer = self.signer(content, signed, arrived)
        made = _parsed(content)
        files = {blob.file: blobs.verify(item_of(blob)) for blob in blobs_of(made)}
        return Admitted(made, signer, files)


def _content(blobs: Blobs, digest: str, name: str) -> bytes:
    return blobs.read(Item(digest, blobs.size(digest) or 0, name))


def _parsed(manifest: bytes) -> Manifest:
    made = parse(manifest, f"{FILE_NAME} {hashlib.sha256(manifest).hexdigest()[:12]}")
    if made.image is None:
        raise UserError(
            f"`{made.name}` is built to run as a process, and hosts run VMs",
            FILE_NAME,
            "configure it with `-t virtio` or `-t xen`, build it, and deploy it again",
        )
    image = made.image
    if image.digest != image_digest(image.kernel.blob, image.initramfs, image.command_line):
        raise UserError(
            "the manifest gives the image a digest that is not that of its parts",
            FILE_NAME,
            _AGAIN,
        )
    return made

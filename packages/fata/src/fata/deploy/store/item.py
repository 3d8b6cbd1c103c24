"""What is asked of the store: a file by its digest, with the name that people know it by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fata.image.manifest import Blob
from functoria import UserError

LARGEST = 1 << 40
"""The bytes of a file at most."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}")


@dataclass(frozen=True, slots=True)
class Item:
    """`Item(digest, size, name)` is a file: its sha256 in hexadecimal, its bytes, its name."""

    digest: str
    size: int
    name: str


def item_of(blob: Blob) -> Item:
    """`item_of(blob)` is the file that a manifest names."""
    return Item(blob.sha256, blob.size, blob.file)


def check_digest(digest: str) -> None:
    """Raise `UserError` unless the text is a sha256 in lower-case hexadecimal."""
    if not _DIGEST.fullmatch(digest):
        raise UserError(
            f"{digest[:80]!r} is not a digest",
            "store",
            "give the 64 hexadecimal digits of a sha256",
        )


def check(item: Item) -> None:
    """Raise `UserError` unless the item can be a file: what comes from elsewhere may be anything.

    A name is only ever shown, and is refused all the same where it could be taken for a path.
    """
    check_digest(item.digest)
    if not _NAME.fullmatch(item.name):
        raise UserError(
            f"{item.name[:80]!r} is not the name of a file in an image",
            "store",
            "build the image again with `fata build`",
        )
    if not 0 <= item.size <= LARGEST:
        raise UserError(
            f"`{item.name}` cannot have {item.size} bytes",
            "store",
            "build the image again with `fata build`",
        )

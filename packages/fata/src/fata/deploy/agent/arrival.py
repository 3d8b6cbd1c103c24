"""An image that arrives at a host, over the pipes of an ssh session."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from fata.deploy.opening import admission
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.receive import receive
from functoria.error import UserError


def receive_image(root: Path, user: str | None, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """`receive_image(root, user, stdin, stdout)` is 0 when the image is in the store.

    The client is told of a failure by the protocol itself.
    """
    del user
    try:
        receive(Blobs(root / "store"), stdin, stdout, admission(root).arriving)
    except UserError:
        return 1
    return 0

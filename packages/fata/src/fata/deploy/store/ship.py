"""A transfer to the command that receives on the host, which is a child of ours: ssh, as a rule."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO, BinaryIO, cast

from fata.deploy.store.frames import Done, LostError
from fata.deploy.store.send import Progress, Source, send
from functoria import UserError

_SSH_FAILED = 255
_MOMENT = 5.0


def ship(
    command: Sequence[str],
    manifest: bytes,
    signature: bytes | None,
    files: Sequence[Source],
    progress: Progress,
) -> Done:
    """`ship(command, manifest, signature, files, progress)` is what the host then has.

    `command` runs `receive` on the host and leads our pipes there. Raises `UserError` as `send`
    does; where the command itself failed, with what it said.
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            bufsize=0,
            start_new_session=True,
        ) as child,
    ):
        # They are pipes, and without buffers: see above.
        stdin, stdout = cast(BinaryIO, child.stdin), cast(BinaryIO, child.stdout)
        try:
            done = send(manifest, signature, files, stdin, stdout, progress)
        except LostError as error:
            raise _explained(child, said, error) from None
        finally:
            _end(child, stdin)
    return done


def _end(child: subprocess.Popen[bytes], stdin: BinaryIO) -> None:
    stdin.close()
    try:
        child.wait(_MOMENT)
    except subprocess.TimeoutExpired:
        child.kill()


def _explained(child: subprocess.Popen[bytes], said: IO[bytes], error: LostError) -> UserError:
    """Why the connection ended, as far as the command has said."""
    try:
        code = child.wait(_MOMENT)
    except subprocess.TimeoutExpired:
        return error
    said.seek(0)
    lines = said.read(1 << 16).decode(errors="replace").strip().splitlines()
    if not lines or code in (0, _SSH_FAILED):
        return error
    last = "".join(char for char in lines[-1] if char.isprintable())[:300]
    return UserError(
        f"what receives images on the host ended with {code}: {last}",
        None,
        "run the command again; what has arrived need not travel again",
    )

"""A transfer between processes, of which one is killed."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from fata.deploy.store.blobs import Blobs
from fata.deploy.store.frames import LostError
from fata.deploy.store.item import Item
from fata.deploy.store.send import Source, send
from functoria import UserError

HOST = """
import sys
from pathlib import Path
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.receive import receive
receive(Blobs(Path(sys.argv[1])), sys.stdin.buffer, sys.stdout.buffer, lambda *_: None)
"""
BIG = bytes(range(251)) * 40_000


@contextlib.contextmanager
def host(store: Path) -> Iterator[tuple[subprocess.Popen[bytes], BinaryIO, BinaryIO]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process, cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)


def test_a_host_that_is_killed_again_and_again(tmp_path: Path) -> None:
    store = tmp_path / "store"
    file = tmp_path / "root"
    file.write_bytes(BIG)
    sources = [Source(Item(hashlib.sha256(BIG).hexdigest(), len(BIG), "root"), file)]
    sent = 0
    for patience in (1, 30, 2, 50, 1 << 30):
        calls = 0
        with host(store) as (process, stdin, stdout):

            def progress(
                done: int,
                _total: int,
                process: subprocess.Popen[bytes] = process,
                patience: int = patience,
            ) -> None:
                nonlocal calls, last
                calls, last = calls + 1, done
                if calls == patience:
                    process.kill()

            last = 0
            with contextlib.suppress(LostError):
                send(b"{}", None, sources, stdin, stdout, progress)
            sent += last
    blobs = Blobs(store)
    assert blobs.verify(sources[0].item).read_bytes() == BIG
    assert not list(blobs.incoming.glob("*.part"))
    # What was in the pipe when a host was killed is sent again, and nothing else.
    assert sent <= len(BIG) + 4 * (1 << 20)


def test_a_command_that_is_not_there() -> None:
    command = ["sh", "-c", "echo 'sh: fata: not found' >&2; exit 127"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        stdin, stdout = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
        with pytest.raises(UserError, match="the connection ended"):
            send(b"{}", None, [], stdin, stdout, lambda *_: None)

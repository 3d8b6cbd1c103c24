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
from fata.deploy.store.frames import Done, LostError
from fata.deploy.store.item import Item
from fata.deploy.store.send import Source, send
from fata.deploy.store.ship import ship
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


def shipped(command: list[str], tmp_path: Path) -> Done:
    file = tmp_path / "root"
    file.write_bytes(BIG)
    sources = [Source(Item(hashlib.sha256(BIG).hexdigest(), len(BIG), "root"), file)]
    return ship(command, b"{}", None, sources, lambda *_: None)


def test_an_image_is_shipped_to_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOST, str(tmp_path / "store")]
    done = shipped(command, tmp_path)
    assert done.manifest == hashlib.sha256(b"{}").hexdigest()
    assert shipped(command, tmp_path) == done


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo 'sh: fata: not found' >&2; exit 127", "ended with 127: sh: fata: not found"),
        ("echo 'Connection to box closed.' >&2; exit 255", "the connection ended"),
        ("exit 3", "the connection ended"),
        ("kill -9 $$", "the connection ended"),
    ],
)
def test_a_command_that_fails(tmp_path: Path, script: str, what: str) -> None:
    with pytest.raises(UserError, match=what) as caught:
        shipped(["sh", "-c", script], tmp_path)
    assert "need not travel again" in caught.value.do

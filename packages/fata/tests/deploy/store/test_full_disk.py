"""A disk that is full, at every place where the store writes: a real one, of a megabyte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import hashlib, io, os, sys
from pathlib import Path

from fata.deploy.store import frames
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.frames import Content, Offer
from fata.deploy.store.item import Item
from fata.deploy.store.receive import receive
from functoria import UserError

store, case = Path(sys.argv[1]), sys.argv[2]
blobs = Blobs(store, reserve=0)
blobs.make()
content = bytes(600_000)
item = Item(hashlib.sha256(content).hexdigest(), len(content), "kernel-1")


def fill(left):
    status = os.statvfs(store)
    with open(store / "other", "wb") as file:
        file.write(bytes(status.f_bavail * status.f_frsize - left))


def admit(*_):
    if case == "announced":
        fill(500_000)


class Pipe(io.BytesIO):
    def readinto(self, buffer):
        if case == "arriving" and not (store / "other").exists():
            fill(300_000)
        return super().readinto(buffer)


if case == "stored":
    fill(4096)
manifest = bytes(100_000)
offer = frames.packed(Offer(1, len(manifest), 0, (item,))) + manifest
if case == "stored":
    offer = frames.packed(Offer(1, len(manifest), 0, ())) + manifest
pipe = Pipe(offer + frames.packed(Content(item.digest, 0, item.size)) + content)
try:
    receive(blobs, pipe, io.BytesIO(), admit)
except UserError as error:
    print(error.what)
    print(error.do)
print(sorted(str(p.relative_to(store)) for p in store.rglob("*") if p.is_file()))
"""


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("announced", "the host has 0 MiB free, and 1 MiB would arrive"),
        ("arriving", "`kernel-1` cannot be stored: no space left on device"),
        ("stored", "`manifest.json` cannot be stored: no space left on device"),
    ],
)
def test_a_full_disk(tmp_path: Path, case: str, what: str) -> None:
    store = tmp_path / "store"
    store.mkdir()
    inside = [sys.executable, "-c", SCRIPT, str(store), case]
    both = ["sh", "-ec", 'mount -t tmpfs -o size=1m none "$1"; shift; "$@"', "sh", str(store)]
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", *both, *inside],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    said, remedy, files = ended.stdout.splitlines()
    assert said.startswith(what)
    assert "fata prune" in remedy
    assert set(eval(files)) <= {"other", "incoming/.lock"}  # noqa: S307 - it is our own list

"""An image travels: only what is missing, from where it stopped, and nothing that is not right."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fata.deploy.store import frames
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.frames import Content, Done, LostError, Refused, Want, Wanted
from fata.deploy.store.item import Item
from fata.deploy.store.part import DamagedError, opened
from fata.deploy.store.receive import Arrived, receive
from fata.deploy.store.send import Source, send
from functoria import UserError

MANIFEST = b'{"name": "web"}'
BIG = bytes(range(256)) * 12_000


def admit(_manifest: bytes, _signature: bytes | None, _items: tuple[Item, ...]) -> None:
    return None


def item(content: bytes, name: str) -> Item:
    return Item(hashlib.sha256(content).hexdigest(), len(content), name)


def files(directory: Path, **contents: bytes) -> list[Source]:
    directory.mkdir(exist_ok=True)
    found = []
    for name, content in contents.items():
        path = directory / name
        path.write_bytes(content)
        found.append(Source(item(content, name), path))
    return found


@dataclass(slots=True)
class Counted:
    """Progress, as it was told."""

    told: list[tuple[int, int]]

    def __call__(self, sent: int, total: int) -> None:
        self.told.append((sent, total))

    @property
    def sent(self) -> int:
        return self.told[-1][0] if self.told else 0


@dataclass(frozen=True, slots=True)
class Ended:
    client: Future[Done]
    host: Future[Arrived]
    sent: int


class Link:
    """Two pipes between client and host; the one to the host can break after so many bytes."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.client, self._near = socket.socketpair()
        self.host, self._far = socket.socketpair()
        self._left = breaks_after
        self._threads = [
            threading.Thread(target=self._forth),
            threading.Thread(target=self._back),
        ]
        for thread in self._threads:
            thread.start()

    def _forth(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._near.recv(4096 if self._left is None else min(4096, self._left)):
                self._far.sendall(data)
                if self._left is not None:
                    self._left -= len(data)
                    if not self._left:
                        break
        self._cut()

    def _back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._far.recv(4096):
                self._near.sendall(data)
        self._cut()

    def _cut(self) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for thread in self._threads:
            thread.join()
        for end in (self._near, self._far):
            end.close()


@contextlib.contextmanager
def ends(end: socket.socket) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    with end, end.makefile("rb") as reading, end.makefile("wb", 0) as writing:
        yield reading, cast(BinaryIO, writing)


def transfer(
    blobs: Blobs,
    sources: list[Source],
    *,
    breaks_after: int | None = None,
    admits: Callable[..., Any] = admit,
    signature: bytes | None = None,
) -> Ended:
    link = Link(breaks_after)
    progress = Counted([])

    def client() -> Done:
        with ends(link.client) as (stdout, stdin):
            return send(MANIFEST, signature, sources, stdin, stdout, progress)

    def host() -> Arrived:
        with ends(link.host) as (stdin, stdout):
            return receive(blobs, stdin, stdout, admits)

    with ThreadPoolExecutor(2) as pool:
        both = pool.submit(client), pool.submit(host)
    link.close()
    return Ended(*both, progress.sent)


def contents(blobs: Blobs) -> set[bytes]:
    return {path.read_bytes() for path in (blobs.directory / "blobs").iterdir()}


def left(blobs: Blobs) -> list[str]:
    return sorted(path.name for path in blobs.incoming.iterdir() if path.name != ".lock")


def test_only_what_is_missing_travels(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    first = files(tmp_path / "first", kernel=b"kernel", root=BIG)
    ended = transfer(blobs, first, signature=b"signature")
    done = ended.client.result()
    assert done.manifest == hashlib.sha256(MANIFEST).hexdigest()
    assert done.signature == hashlib.sha256(b"signature").hexdigest()
    assert ended.host.result().manifest.digest == done.manifest
    assert ended.sent == len(BIG) + 6
    assert contents(blobs) == {b"kernel", BIG, MANIFEST, b"signature"}
    assert left(blobs) == []
    again = transfer(blobs, first)
    assert again.client.result() == Done(done.manifest, None, None)
    assert again.sent == 0
    second = transfer(blobs, files(tmp_path / "second", kernel=b"kernel", root=b"new"))
    assert second.client.result().manifest == done.manifest
    assert second.sent == 3


def test_an_empty_file_travels_too(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    assert transfer(blobs, files(tmp_path / "dist", empty=b"")).client.result()
    assert b"" in contents(blobs)


def test_two_names_of_one_content_are_sent_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    ended = transfer(blobs, files(tmp_path / "dist", one=b"same", two=b"same"))
    assert ended.client.result()
    assert ended.sent == 4


def test_nothing_travels_of_what_is_not_admitted(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")

    def refuse(manifest: bytes, signature: bytes | None, items: tuple[Item, ...]) -> None:
        assert (manifest, signature) == (MANIFEST, b"sig")
        assert [one.name for one in items] == ["root"]
        raise UserError("not you", "policy.toml:3", "ask")

    ended = transfer(blobs, files(tmp_path / "dist", root=BIG), admits=refuse, signature=b"sig")
    with pytest.raises(UserError, match="not you") as caught:
        ended.client.result()
    assert (caught.value.where, caught.value.do) == ("policy.toml:3", "ask")
    with pytest.raises(UserError, match="not you"):
        ended.host.result()
    assert not blobs.directory.exists()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 3_200_000), min_size=1, max_size=4))
def test_a_connection_that_breaks_anywhere_is_taken_up_where_it_broke(breaks: list[int]) -> None:
    with TemporaryDirectory() as scratch:
        blobs = Blobs(Path(scratch, "store"))
        sources = files(Path(scratch, "dist"), kernel=b"kernel" * 1000, root=BIG)
        total = len(BIG) + 6000
        arrived = 0
        for after in breaks:
            ended = transfer(blobs, sources, breaks_after=after)
            for error in (ended.client.exception(), ended.host.exception()):
                assert error is None or isinstance(error, LostError)
            now = there(blobs, sources)
            assert now >= arrived, "nothing that came is lost"
            arrived = now
        last = transfer(blobs, sources)
        assert last.client.result()
        assert last.sent == total - arrived
        assert contents(blobs) >= {BIG, b"kernel" * 1000, MANIFEST}
        assert left(blobs) == []


def there(blobs: Blobs, sources: list[Source]) -> int:
    """The bytes that have come, of files that are whole and of those that are not."""
    parts = sum(path.stat().st_size for path in blobs.incoming.glob("*.part"))
    return parts + sum(blobs.size(source.item.digest) or 0 for source in sources)


def test_what_an_end_of_power_damaged_comes_once_more(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", root=BIG, kernel=b"kernel")
    blobs.make()
    part = blobs.incoming / f"{sources[0].item.digest}.part"
    part.write_bytes(bytes(1000))
    ended = transfer(blobs, sources)
    assert ended.client.result()
    assert ended.host.result()
    assert contents(blobs) == {BIG, b"kernel", MANIFEST}
    assert left(blobs) == []


def test_more_than_there_is_cannot_have_come(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", kernel=b"kernel")
    blobs.make()
    (blobs.incoming / f"{sources[0].item.digest}.part").write_bytes(bytes(1000))
    ended = transfer(blobs, sources)
    assert ended.client.result()
    assert ended.sent == 6


def test_a_file_that_changed_since_the_build_is_named(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", root=BIG)
    sources[0].path.write_bytes(BIG[:-1] + b"x")
    ended = transfer(blobs, sources)
    for end in (ended.client, ended.host):
        assert isinstance(end.exception(), UserError)
        assert "`root` did not arrive as it was announced" in str(end.exception())
    assert left(blobs) == []
    sources[0].path.write_bytes(b"short")
    with pytest.raises(UserError, match="`root` is not as it was built: it has 5 bytes"):
        transfer(blobs, sources).client.result()
    sources[0].path.unlink()
    with pytest.raises(UserError, match="no such file"):
        transfer(blobs, sources).client.result()


def test_a_damaged_file_of_the_store_is_sent_anew(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", root=BIG)
    transfer(blobs, sources).client.result()
    path = blobs.path(sources[0].item.digest)
    path.chmod(0o644)
    path.write_bytes(b"nonsense")
    assert transfer(blobs, sources).sent == len(BIG)
    assert blobs.read(sources[0].item) == BIG


def test_two_transfers_of_one_file_do_not_hurt_each_other(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", root=BIG, kernel=b"kernel")
    with ThreadPoolExecutor(4) as pool:
        all_of_them = [pool.submit(transfer, blobs, sources) for _ in range(4)]
    assert {one.result().client.result().manifest for one in all_of_them} == {
        hashlib.sha256(MANIFEST).hexdigest()
    }
    assert contents(blobs) == {BIG, b"kernel", MANIFEST}
    assert left(blobs) == []


def test_a_transfer_beside_one_that_hangs_is_done_and_the_other_still_ends_well(
    tmp_path: Path,
) -> None:
    blobs = Blobs(tmp_path / "store")
    sources = files(tmp_path / "dist", root=b"content")
    blobs.make()
    with opened(blobs, sources[0].item) as slow:
        slow.write(memoryview(b"con"))
        assert transfer(blobs, sources).sent == 7
        slow.write(memoryview(b"tent"))
        slow.finish()
    assert blobs.read(sources[0].item) == b"content"
    assert left(blobs) == []


def test_a_part_takes_no_more_than_was_announced(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.make()
    with (
        opened(blobs, item(b"abc", "kernel")) as part,
        pytest.raises(DamagedError, match="more than the 3 bytes of `kernel`"),
    ):
        part.write(memoryview(b"abcd"))
    assert left(blobs) == []


def test_a_link_in_place_of_a_part_is_not_followed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "store")
    blobs.make()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    wanted = item(b"abc", "kernel")
    (blobs.incoming / f"{wanted.digest}.part").symlink_to(victim)
    with pytest.raises(UserError, match="cannot be stored"), opened(blobs, wanted):
        pass
    assert victim.read_text() == "precious"


def offered(*items: Item, **other: Any) -> bytes:
    fields = {"version": 1, "manifest": len(MANIFEST), "signature": 0} | other
    content = msgspec.json.encode({**fields, "items": items})
    return struct.pack(">BI", frames.Kind.OFFER, len(content)) + content + MANIFEST


KERNEL = item(b"kernel", "kernel-1")


def refusal(blobs: Blobs, data: bytes) -> Refused | None:
    """What the host says to these bytes, which are not an image."""
    out = io.BytesIO()
    with pytest.raises(UserError):
        receive(blobs, io.BytesIO(data), out, admit)
    out.seek(0)
    said = list(messages(out))
    return said[-1] if said and isinstance(said[-1], Refused) else None


def messages(stream: BinaryIO) -> Iterator[object]:
    while head := stream.read(5):
        kind, length = struct.unpack(">BI", head)
        for type_, number in frames.KINDS.items():
            if number == kind:
                yield msgspec.json.decode(stream.read(length), type=type_)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (offered(Item("../" * 20 + "etc", 6, "kernel")), "is not a digest"),
        (offered(Item("a" * 64, 6, "../../etc/passwd")), "not the name of a file"),
        (offered(Item("a" * 64, 6, "..")), "not the name of a file"),
        (offered(Item("a" * 64, -1, "kernel")), "cannot have -1 bytes"),
        (offered(Item("a" * 64, 1 << 60, "kernel")), "cannot have"),
        (offered(Item("a" * 64, 1 << 40, "kernel")), "MiB would arrive"),
        (offered(*[KERNEL] * 2000), "2000 files are offered"),
        (offered(version=2), "version 2"),
        (offered(manifest=1 << 40), "too large"),
        (offered(signature=1 << 20), "too large"),
        (offered(manifest=0), "too large"),
        (offered(manifest=3.5), "does not speak as it should"),
        (b"Welcome to box, it is a fine day\n", "does not speak as it should"),
        (b"\x01\xff\xff\xff\xff", "a frame of 4294967295 bytes"),
        (b"\x01\x00\x00\x00\x02{}", "does not speak as it should"),
        (b"\x01\x00\x00\x27\x10" + b"[" * 10000, "does not speak as it should"),
        (offered(KERNEL) + frames.packed(Content(KERNEL.digest, 0, 7)), "something else"),
        (offered(KERNEL) + frames.packed(Content(KERNEL.digest, 1, 5)), "something else"),
        (offered(KERNEL) + frames.packed(Content("b" * 64, 0, 6)), "something else"),
        (offered(KERNEL) + frames.packed(Want(())), "a frame of kind 3"),
        (offered(KERNEL) + frames.packed(Content(KERNEL.digest, 0, 6)) + b"kernex", "announced"),
    ],
)
def test_a_hostile_client_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    said = refusal(Blobs(tmp_path), data)
    assert said is not None
    assert what in said.what
    assert not any(tmp_path.glob("blobs/*"))
    assert not any(tmp_path.glob("incoming/*.part"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_comes_nothing_wrong_is_stored(data: st.DataObject) -> None:
    good = offered(KERNEL) + frames.packed(Content(KERNEL.digest, 0, 6)) + b"kernel"
    stream = bytearray(good)
    for place in data.draw(st.lists(st.integers(0, len(good) - 1), max_size=3)):
        stream[place] = data.draw(st.integers(0, 255))
    stream = stream[: data.draw(st.integers(0, len(stream)))]
    with TemporaryDirectory() as scratch:
        blobs = Blobs(Path(scratch))
        with contextlib.suppress(UserError):
            receive(blobs, Slow(bytes(stream), data.draw(st.integers(1, 9))), io.BytesIO(), admit)
        for path in Path(scratch, "blobs").glob("*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


class Slow(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(self._most, self._most if size is None or size < 0 else size))

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[: self._most])


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (frames.packed(Want((Wanted("b" * 64, 0),))), "asks for what was not offered"),
        (frames.packed(Want((Wanted(KERNEL.digest, 7),))), "asks for what was not offered"),
        (frames.packed(Want((Wanted(KERNEL.digest, -1),))), "asks for what was not offered"),
        (b"stdin: is not a tty\n", "does not speak as it should"),
        (b"", "connection ended"),
        (frames.packed(Want(())), "connection ended"),
    ],
)
def test_a_hostile_host_is_refused(tmp_path: Path, said: bytes, what: str) -> None:
    sources = [Source(KERNEL, tmp_path / "kernel")]
    (tmp_path / "kernel").write_bytes(b"kernel")
    with (tmp_path / "out").open("wb") as stdin, pytest.raises(UserError, match=what):
        send(MANIFEST, None, sources, stdin, io.BytesIO(said), Counted([]))


def test_a_client_whose_host_went_away_says_what_it_said_last(tmp_path: Path) -> None:
    sources = files(tmp_path / "dist", root=BIG)
    read, write = os.pipe()
    os.close(read)
    answers = frames.packed(Want((Wanted(sources[0].item.digest, 0),)))
    refused = frames.packed(Refused("the disk is full", None, "make room"))
    with os.fdopen(write, "wb") as stdin, pytest.raises(UserError, match="the disk is full"):
        send(MANIFEST, None, sources, stdin, io.BytesIO(answers + refused), Counted([]))

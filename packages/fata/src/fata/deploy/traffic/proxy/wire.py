"""How a proxy is talked to: one message each way, by a socket in its directory (unix(7)).

A socket is there for as long as its process is. It is for the user whose directory it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fata.deploy.traffic.route import Endpoint, Route

LOCK = "lock"
_SUFFIX = ".socket"
_LARGEST = 1 << 17
MOST_PORTS = 120
"""A port has two sockets, and one message can hand out 253 descriptors (SCM_MAX_FD)."""
_MOST_DESCRIPTORS = 2 * MOST_PORTS + 1


@dataclass(frozen=True, slots=True)
class Request:
    """`Request(do, endpoints)` is what a proxy is asked to do.

    `state` and `count` ask only. `reload` has it carry what `traffic.json` says. `forget` cuts
    connections, `end` all of them. `take` has it hand out what it listens on, and `retire`, on
    the same connection, listen no more.
    """

    do: str
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """`Refusal(port, number)` is a port that cannot be listened on, for that `errno`."""

    port: int
    number: int


@dataclass(frozen=True, slots=True)
class Reply:
    """`Reply(...)` is a proxy's answer.

    `code` is what it runs, as `code()` has it. It is `current` unless it only carries what it has
    left. `routes` are in force; `refused` are those that are not. `count` is of connections.
    `ports` are of the descriptors that come with it, each followed by its address family.
    """

    code: str
    current: bool
    routes: tuple[Route, ...] = ()
    refused: tuple[Refusal, ...] = ()
    count: int = 0
    ports: tuple[tuple[int, int], ...] = ()


def code() -> str:
    """`code()` is the digest of what a proxy runs: its modules as they are now."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def listen(directory: Path) -> socket.socket:
    """`listen(directory)` is the socket of this process there. Raises `OSError`."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    name = f"{os.getpid()}{_SUFFIX}"
    with _short(directory) as short:
        (directory / f".{name}").unlink(missing_ok=True)
        made.bind(f"{short}/.{name}")
        (directory / f".{name}").chmod(0o600)
        made.listen(64)
        # Whoever sees the name can connect.
        (directory / f".{name}").rename(directory / name)
    return made


def unlisten(directory: Path) -> None:
    """`unlisten(directory)` takes the name of this process's socket away."""
    (directory / f"{os.getpid()}{_SUFFIX}").unlink(missing_ok=True)


def connected(directory: Path, seconds: float) -> Iterator[socket.socket]:
    """`connected(directory, seconds)` is a connection to each proxy there, by number.

    What they answer is waited for so long. Names that no process has any more are removed.
    """
    names = [path.name for path in directory.glob(f"[0-9]*{_SUFFIX}")]
    for name in sorted(names, key=lambda name: (len(name), name)):
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made,
            _short(directory) as short,
        ):
            made.settimeout(seconds)
            try:
                made.connect(f"{short}/{name}")
            except ConnectionRefusedError:
                (directory / name).unlink(missing_ok=True)
            except OSError:
                pass  # it has ended meanwhile, or is not ours
            else:
                yield made


def peer(connection: socket.socket) -> tuple[int, int]:
    """`peer(connection)` is the process and the user at the other end (`SO_PEERCRED`)."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, user, _ = struct.unpack("3i", data)
    return pid, user


def send(
    connection: socket.socket, message: Request | Reply, descriptors: Sequence[int] = ()
) -> None:
    """Send one message. Raises `OSError`."""
    socket.send_fds(connection, [msgspec.json.encode(message)], descriptors)


def receive_request(connection: socket.socket) -> Request | None:
    """The request that is there; `None` at the end, or for what is none. Raises `OSError`."""
    data = connection.recv(_LARGEST)
    with contextlib.suppress(msgspec.MsgspecError, RecursionError):
        return msgspec.json.decode(data, type=Request)
    return None


def receive_reply(connection: socket.socket) -> tuple[Reply, list[int]]:
    """The reply, with the descriptors that came with it. Raises `OSError`."""
    data, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, _MOST_DESCRIPTORS)
    try:
        return msgspec.json.decode(data, type=Reply), descriptors
    except (msgspec.MsgspecError, RecursionError) as error:
        for each in descriptors:
            os.close(each)
        raise ConnectionError("the proxy gave no answer") from error


def ask(connection: socket.socket, request: Request) -> Reply:
    """`ask(connection, request)` is the reply to it. Raises `OSError`."""
    send(connection, request)
    reply, descriptors = receive_reply(connection)
    for each in descriptors:
        os.close(each)
    return reply


@contextlib.contextmanager
def _short(directory: Path) -> Iterator[str]:
    """A name for the directory that is short enough for the address of a socket."""
    own = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{own}"
    finally:
        os.close(own)

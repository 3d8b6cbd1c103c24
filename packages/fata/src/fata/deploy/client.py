"""Asking the agent of a host, over ssh."""

from __future__ import annotations

import contextlib
import getpass
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from fata.deploy.agent.wire import CHANGING, Listener
from fata.deploy.store.frames import Done
from fata.deploy.store.send import Progress, Source
from fata.deploy.store.ship import ship as ship_image
from fata.host import ship
from fata.host.bundle import Bundle
from fata.host.connection import Connection
from fata.host.destination import Destination
from fata.host.failure import last_line
from fata.host.kind import STATE
from fata.host.memory import recall, remember
from fata.host.probe import as_root
from functoria.error import UserError

Report = Callable[[str], None]
_LONGEST = 2 * 3600.0


def _silent(_text: str) -> None:
    """What is said to nobody."""


class Remote:
    """`Remote(destination, report)` is a host while its `with` block runs, over one connection.

    Raises `UserError`: what ssh says, and what the agent there says.
    """

    def __init__(self, destination: Destination, report: Report = _silent) -> None:
        self._connection = Connection(destination)
        self._report = report
        self._stack = contextlib.ExitStack()
        self._bundle: Bundle | None = None
        self.root = STATE

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._connection)
            self.root = _root(self._connection)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def become(self) -> tuple[str, ...]:
        """The words before a command that make it run as root there; none for who is root."""
        return self._connection.become

    def call(
        self,
        verb: str,
        request: Mapping[str, object],
        say: Report | None = None,
        seconds: float = _LONGEST,
    ) -> Mapping[str, object]:
        """`call(verb, request, say)` is the agent's answer; `say` is told how it goes on."""
        listener, told = Listener(), say or self._report

        def heard(line: str) -> None:
            text = listener.hear(line)
            if text is not None:
                told(text)

        with self._interruptible(verb):
            done = ship.ask(
                self._connection,
                self.root,
                ("--root", self.root, verb),
                self._report,
                msgspec.json.encode({"by": somebody(), **request}),
                seconds=seconds,
                line=heard,
                made=self._made(),
            )
        if listener.error is not None:
            raise listener.error
        if listener.answer is None:
            name = self._connection.destination.name
            raise UserError(
                f"the agent on {name} ended with {done.code} and no answer: "
                f"{last_line(done.err or done.out) or 'it said nothing'}",
                name,
                "see with `fata status` what runs there, then run the command again",
            )
        return listener.answer

    def send(
        self,
        manifest: bytes,
        signature: bytes | None,
        files: Sequence[Source],
        progress: Progress,
    ) -> Done:
        """`send(manifest, signature, files, progress)` is what the host has then: all of it."""
        self.call("hello", {})  # brings fata there where it is not, which takes its own time
        words = (
            *ship.agent_command(self._connection, self.root, self._report, self._made()),
            *("--root", self.root, "receive", "store"),
        )
        return ship_image(self._connection.command(words), manifest, signature, files, progress)

    @contextlib.contextmanager
    def _interruptible(self, verb: str) -> Iterator[None]:
        """Say what becomes of the request, should the user not wait for its end."""
        try:
            yield
        except KeyboardInterrupt:
            if verb in CHANGING:
                self._report("what the host has begun goes on there: see `fata status`")
            raise

    def _made(self) -> Bundle:
        """One fata for all that is asked over this connection, whatever is installed meanwhile."""
        if self._bundle is None:
            self._bundle = ship.bundle_for(self._connection, self._report)
        return self._bundle


def call(
    destination: Destination,
    verb: str,
    request: Mapping[str, object],
    report: Report = _silent,
) -> Mapping[str, object]:
    """`call(destination, verb, request)` is what the agent of that host answers to one request.

    Raises `UserError`.
    """
    with Remote(destination, report) as remote:
        return remote.call(verb, request)


def somebody() -> str:
    """`somebody()` is who the user is, as far as this machine can tell."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        return socket.gethostname()


def _root(connection: Connection) -> str:
    """Where fata keeps its things there: root's place, or that of a user who is not root."""
    known = recall(connection, "root")
    if known is not None and known.startswith("/") and known != STATE:
        return known
    try:
        as_root(connection)
    except UserError as error:
        return _own(connection, error)
    if known == STATE or connection.run(("test", "-d", f"{STATE}/guests")).code == 0:
        remember(connection, "root", STATE)
        return STATE
    name = connection.destination.name
    if connection.become:
        connection.become = ()
        return _own(connection, None)
    raise UserError(
        f"{name} is not set up to run guests", name, f"run `fata host setup {name}` first"
    )


def _own(connection: Connection, error: UserError | None) -> str:
    """The directory of an ordinary user; QEMU has to be there, since they cannot install it."""
    home = connection.run(("printenv", "HOME"), plain=True).out.strip()
    if not home.startswith("/") or not home.isprintable() or ".." in Path(home).parts:
        raise error or UserError(
            f"{connection.destination.name} does not say where your home is",
            connection.destination.name,
            "see what `printenv HOME` says there",
        )
    root = f"{home}/.local/share/fata"
    remember(connection, "root", root)
    return root

"""Bringing the bundle to a host, and running fata there."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fata.host import receiver, runtime
from fata.host.bundle import PROGRAM, Bundle, bundle
from fata.host.connection import Connection, Result
from fata.host.failure import last_line
from fata.host.kind import STATE
from fata.host.layout import AGENT
from functoria.error import UserError

MISSING = 127
"""How env(1) ends where there is no such program, and how a bundle does that is for another Python.

fata itself never ends so."""

_SECONDS = 3600.0
_MIB = 1 << 20
_LEVEL = 4  # less than half the time of zlib's own choice, for 3 % more

Report = Callable[[str], None]


def bundle_for(connection: Connection, report: Report) -> Bundle:
    """`bundle_for(connection, report)` is this fata, for the Python of the host.

    A host that was never seen before is asked for its Python; otherwise nothing is sent.
    """
    return bundle(runtime.remembered(connection) or runtime.probe(connection), report)


def agent_command(
    connection: Connection, root: str, report: Report, made: Bundle | None = None
) -> tuple[str, ...]:
    """`agent_command(connection, root, report)` is the words that run `fata agent` on the host.

    They name the bundle of this fata by its digest. Whether the host has it shows when they are
    run: the exit code is `MISSING` where it has not, and then `ship` brings it there. A host that
    was never seen before is asked for its Python; otherwise nothing is sent.
    """
    return (*_program(root, made or bundle_for(connection, report)), "agent")


def ask(
    connection: Connection,
    root: str,
    words: Sequence[str],
    report: Report,
    content: bytes = b"",
    *,
    seconds: float = 120,
    line: Callable[[str], None] | None = None,
    made: Bundle | None = None,
) -> Result:
    """`ask(connection, root, words, report, content)` is how `fata agent WORDS` ended there.

    Where the bundle is not there, it is shipped and the command run again; otherwise that is one
    command over the connection. `line` is given each line of the output as it comes. `made` is
    the bundle, where it is known already.
    """
    run = partial(connection.run, content=content, seconds=seconds, line=line)
    if runtime.remembered(connection) is not None:
        done = run((*agent_command(connection, root, report, made), *words))
        if done.code != MISSING:
            return done
    return run((*_program(root, _shipped(connection, root, report, made)), "agent", *words))


def ship(connection: Connection, root: str, report: Report) -> str:
    """`ship(connection, root, report)` is the digest of the bundle that the host now uses.

    It lies at ROOT/tool/DIGEST; ROOT/bin/fata leads to it, unless what it leads to is newer. Only
    files that the host lacks travel. The supervisor of a host that was set up starts anew with it.
    An attempt that breaks off leaves what was in use, and the next goes on where it ended. Raises
    `UserError` where the host has no Python for it, or it does not arrive.
    """
    return _shipped(connection, root, report).digest


def _program(root: str, made: Bundle) -> tuple[str, ...]:
    return ("env", f"{root}/tool/{made.digest}/{PROGRAM}")


def _shipped(
    connection: Connection, root: str, report: Report, known: Bundle | None = None
) -> Bundle:
    host = runtime.probe(connection)
    made = known if known is not None and known.runtime == host else bundle(host, report)
    manifest = made.manifest.encode()
    answer = _receiver(connection, ("want", root, made.digest), manifest, report)
    if answer not in (["same"], ["used"], ["older"]):
        content = b"%d\n" % len(manifest) + manifest + _packed(made, frozenset(answer))
        size = f"{len(content) / _MIB:.1f} MiB"
        report(f"shipping fata to {connection.destination.name}: {size}")
        answer = _receiver(connection, ("take", root, made.digest), content, report)
    if answer == ["older"]:
        report(
            f"{connection.destination.name} has a newer fata, which goes on looking after its "
            "guests: update yours"
        )
    if answer == ["used"] and root == STATE:
        # Where there is no such unit, or no systemd, there is nothing to start anew.
        connection.run(("env", "systemctl", "restart", "--no-block", AGENT))
    return made


def _packed(made: Bundle, wanted: frozenset[str]) -> bytes:
    """The files that are lacking, as the receiver takes them; each content once."""
    packer = zlib.compressobj(_LEVEL)
    parts = []
    for digest, file in sorted({file.digest: file for file in made.files}.items()):
        if digest in wanted:
            content = file.read()
            parts.append(packer.compress(f"{digest} {len(content)}\n".encode()))
            parts.append(packer.compress(content))
    return b"".join((*parts, packer.flush()))


def _receiver(
    connection: Connection, arguments: tuple[str, ...], content: bytes, report: Report
) -> list[str]:
    script = Path(receiver.__file__).read_text(encoding="utf-8")
    name = connection.destination.name

    def progress(part: float) -> None:
        report(f"{part:.0%} of it is on {name}")

    command = ("env", "python3", "-I", "-B", "-c", script, *arguments)
    done = connection.run(command, content, seconds=_SECONDS, progress=progress)
    if done.code != 0:
        raise UserError(
            f"{name} did not take fata in: {last_line(done.err or done.out)}",
            f"{arguments[1]}/tool on {name}",
            f"see that there is room on {name} and the directory can be written, then run the "
            "command again: what has arrived stays",
        )
    return done.out.split()

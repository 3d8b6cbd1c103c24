"""What runs on the host to take a bundle in: sent there as text, for its plain Python.

`want ROOT DIGEST`, fed with a manifest, prints the digests of the files that are lacking; where
none is, the bundle is in use from then on, and the word is `same` or, if it was not, `used`. One
that is older than the one in use does not take its place: whoever brought it uses it, and the word
is `older`.
`take ROOT DIGEST`, fed with the manifest and the files, puts the bundle at ROOT/tool/DIGEST. A
file counts when its bytes have its digest; those of an attempt that broke off stay for the next.
Only the standard library is imported, and nothing here is newer than Python 3.9.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import py_compile
import re
import shutil
import sys
import zlib
from pathlib import Path
from typing import IO

INCOMING = "incoming"
_BLOCK = 1 << 20
_VERSION = re.compile(r" lib/fata-([0-9]{1,9}(?:\.[0-9]{1,9})*)[^/\n]*\.dist-info/")
_STARTED = re.compile(rb"/tool/([0-9a-f]{64})/fata")
_LINE = re.compile(r"([0-9a-f]{64}) (644|755) ([^/\x00-\x1f][^\x00-\x1f]*)")


def main(arguments: list[str], stdin: IO[bytes]) -> str:
    """`main(arguments, stdin)` does what is asked for; the result is what to print."""
    verb, root, digest = arguments
    tool = Path(root, "tool")
    tool.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (tool / "lock").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if verb == "want":
            return _want(tool, digest, stdin.read())
        manifest = stdin.read(int(stdin.readline()))
        (tool / INCOMING).mkdir(exist_ok=True)
        _receive(tool / INCOMING, stdin)
        _build(tool, digest, _parsed(manifest, digest), manifest)
        return _use(tool, digest)


def _want(tool: Path, digest: str, manifest: bytes) -> str:
    if (tool / digest).is_dir():
        return _use(tool, digest)
    known = _known(tool)
    entries = _parsed(manifest, digest)
    return "\n".join(sorted({wanted for wanted, _, _ in entries if wanted not in known}))


def _parsed(manifest: bytes, digest: str) -> list[tuple[str, int, str]]:
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise SystemExit("the manifest has not the digest that was named")
    found = []
    for line in manifest.decode().splitlines():
        match = _LINE.fullmatch(line)
        if match is None or ".." in match[3].split("/"):
            raise SystemExit("the manifest has a line that cannot be: " + repr(line[:200]))
        found.append((match[1], int(match[2], 8), match[3]))
    return found


def _known(tool: Path) -> dict[str, Path]:
    """Where files lie, by digest: of an attempt before this, and of bundles that are here."""
    found = {}
    for manifest in sorted(tool.glob("*/manifest")):
        for line in manifest.read_text().splitlines():
            digest, _, path = line.split(" ", 2)
            found[digest] = manifest.parent / path
    for arrived in (tool / INCOMING).glob("*"):
        if ".part" not in arrived.name:
            found[arrived.name] = arrived
    return found


def _receive(incoming: Path, stdin: IO[bytes]) -> None:
    """Files, each a line `DIGEST SIZE` and its bytes, in one stream of zlib."""
    unpacker = zlib.decompressobj()
    buffer = b""

    def more() -> bytes:
        data = stdin.read(_BLOCK)
        return unpacker.decompress(data) if data else b""

    while True:
        while b"\n" not in buffer and (data := more()):
            buffer += data
        if b"\n" not in buffer:
            break
        head, _, buffer = buffer.partition(b"\n")
        digest, size = head.decode().split(" ")
        left = int(size)
        part = incoming / (digest + ".part")
        hashed = hashlib.sha256()
        with part.open("wb") as file:
            while True:
                piece, buffer = buffer[:left], buffer[left:]
                file.write(piece)
                hashed.update(piece)
                left -= len(piece)
                if not left or not (buffer := more()):
                    break
        if left or hashed.hexdigest() != digest:
            part.unlink()
            raise SystemExit("a file did not arrive as it was sent: " + digest)
        part.rename(incoming / digest)
    if not unpacker.eof:
        raise SystemExit("the files did not arrive whole")


def _build(tool: Path, digest: str, entries: list[tuple[str, int, str]], manifest: bytes) -> None:
    new = tool / ("new-" + digest)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    known = _known(tool)
    sources = []
    for wanted, mode, path in entries:
        here, place = known[wanted], new / path
        if here.parent.name != INCOMING and _digest_of(here) != wanted:
            here.unlink()
            raise SystemExit("a file of an earlier bundle was damaged, and is removed: run again")
        place.parent.mkdir(parents=True, exist_ok=True)
        if here.stat().st_mode & 0o777 == mode:
            os.link(here, place)
        else:
            shutil.copyfile(here, place)
            place.chmod(mode)
        if path.endswith(".py") and not _linked(here, place):
            sources.append(place)
    _compile(sources)
    (new / "manifest").write_bytes(manifest)
    os.sync()
    new.rename(tool / digest)
    shutil.rmtree(tool / INCOMING)


def _linked(here: Path, place: Path) -> bool:
    """Whether what an earlier bundle has compiled of the same source could be taken over."""
    old, new = (Path(importlib.util.cache_from_source(str(path))) for path in (here, place))
    if not old.is_file():
        return False
    new.parent.mkdir(exist_ok=True)
    os.link(old, new)
    return True


def _compile(sources: list[Path]) -> None:
    """Compile on all processors; what no Python understands stays as it is."""
    count = min(os.cpu_count() or 1, 8)
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            for source in sources[number::count]:
                py_compile.compile(
                    str(source),
                    quiet=2,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def _use(tool: Path, digest: str) -> str:
    """Have `current` lead to this bundle, unless it is older; one before stays, and the rest go."""
    current = tool / "current"
    before = current.readlink().name if current.is_symlink() else ""
    older = _version(tool / digest) < _version(tool / before) if before else False
    if older:
        _symlink(tool / "older", digest)
    elif before != digest:
        _symlink(current, digest)
        if before:
            _symlink(tool / "previous", before)
    launcher = tool.parent / "bin" / "fata"
    launcher.parent.mkdir(mode=0o755, exist_ok=True)
    if not launcher.is_symlink():
        _symlink(launcher, "../tool/current/fata")
    names = (tool / "current", tool / "previous", tool / "older")
    kept = {path.readlink().name for path in names if path.is_symlink()} | _running()
    for path in tool.iterdir():
        old = path.name not in kept and len(path.name) == len(digest) and path.is_dir()
        if old or (path.name.startswith("new-") and path.name != "new-" + digest):
            shutil.rmtree(path)
    if older:
        return "older"
    return "same" if before == digest else "used"


def _running() -> set[str]:
    """The bundles that a process was started from: it reads more of its own as it goes on."""
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.update(match.decode() for match in _STARTED.findall(process.read_bytes()))
        except OSError:
            continue
    return found


def _version(bundle: Path) -> tuple[int, ...]:
    """The version of fata in a bundle, as its manifest names it; nothing where it does not."""
    try:
        match = _VERSION.search((bundle / "manifest").read_text())
    except OSError:
        return ()
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _symlink(path: Path, target: str) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(path)


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    os.umask(0o022)
    sys.stdout.write(main(sys.argv[1:], sys.stdin.buffer) + "\n")

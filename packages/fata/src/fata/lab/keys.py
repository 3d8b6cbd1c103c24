"""The keys of a lab: one that opens it, one that it is known by, and what ssh must know."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from fata.kernel.tool import run
from fata.lab.place import Place, write
from functoria.error import UserError

ALIAS = "lab"
_SHORT = 80
"""Bytes that ssh has for the name of a socket, less those it adds for a while (unix(7))."""


def need_ssh() -> None:
    """Raises `UserError` where ssh or ssh-keygen is not installed."""
    for program in ("ssh", "ssh-keygen"):
        if shutil.which(program) is None:
            raise UserError(
                f"`{program}` is not installed: a lab is reached through ssh",
                None,
                "install it with `apt install openssh-client`",
            )


def ensure(place: Place) -> None:
    """`ensure(place)` makes the keys of a lab that has none yet, with mode 0600."""
    for key in (place.key, place.host_key):
        if key.is_file() and _public(key).is_file():
            continue
        with tempfile.TemporaryDirectory(dir=place.directory, prefix=".key-") as scratch:
            made = Path(scratch) / "key"
            words = ("-q", "-t", "ed25519", "-N", "", "-C", f"fata-lab-{place.name}")
            run(["ssh-keygen", *words, "-f", str(made)], None, "see what ssh-keygen says")
            _public(made).replace(_public(key))
            made.replace(key)


def authorized(place: Place) -> bytes:
    """The public key that opens the lab, as a line of `authorized_keys` (sshd(8))."""
    return _public(place.key).read_bytes()


def configure(place: Place, port: int) -> None:
    """`configure(place, port)` writes what leads ssh to the lab at a port of this machine.

    The lab's own key is known in advance and no other is accepted (ssh_config(5)).
    """
    known = place.directory / "known_hosts"
    write(known, f"{ALIAS} ".encode() + _public(place.host_key).read_bytes())
    settings = {
        "HostName": "127.0.0.1",
        "Port": str(port),
        "User": "root",
        "HostKeyAlias": ALIAS,
        "IdentityFile": _quoted(place.key),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": _quoted(known),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "PasswordAuthentication": "no",
        # The cheapest for an emulated processor: they take half the time of the usual ones.
        "KexAlgorithms": "curve25519-sha256",
        "Ciphers": "aes128-ctr",
        "MACs": "umac-64-etm@openssh.com",
        "BatchMode": "yes",
        # A new connection takes an emulated sshd a second, and twenty on a machine that is busy.
        "ConnectTimeout": "60",
        "LogLevel": "ERROR",
    }
    if len(str(place.shared)) < _SHORT:
        # Who comes first, the supervisor, opens the connection; all others use it.
        settings |= {"ControlPath": _quoted(place.shared), "ControlMaster": "no"}
    place.shared.unlink(missing_ok=True)
    lines = [f"Host {ALIAS}", *(f"    {name} {value}" for name, value in settings.items())]
    write(place.ssh_config, "".join(f"{line}\n" for line in lines).encode())


def ssh(place: Place, script: str, terminal: bool = False) -> tuple[str, ...]:
    """`ssh(place, script)` is the command that runs the shell's words `script` in the lab.

    Without any it is a shell.
    """
    tty = ("-t",) if terminal else ()
    return ("ssh", *tty, "-F", str(place.ssh_config), ALIAS, *((script,) if script else ()))


def _public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'

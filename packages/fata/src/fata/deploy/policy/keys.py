"""The ssh keys of users, and the lines of authorized_keys that lead them to the gate (sshd(8)).

Lines that are not ours are left as they are, byte for byte.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.audit.who import fingerprint
from functoria.error import UserError

_TYPES = (
    *("ssh-ed25519", "ssh-rsa", "sk-ssh-ed25519@openssh.com"),
    *("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_KEY = re.compile(
    rf"(?P<type>{'|'.join(map(re.escape, _TYPES))}) (?P<data>[A-Za-z0-9+/]{{40,8000}}={{0,2}})",
    re.ASCII,
)
_OURS = re.compile(
    r'restrict,command="(?P<program>[^"]+) gate (?P<user>[a-z][a-z0-9-]*)" (?P<key>\S+ \S+)'
)
_PLAIN = re.compile(r"[A-Za-z0-9/._+@:,=-]+", re.ASCII)
_MOST = 32


@dataclass(frozen=True, slots=True, order=True)
class PublicKey:
    """`PublicKey(text)` is the type and the data of a key, as they stand in a file `.pub`."""

    text: str

    @property
    def fingerprint(self) -> str:
        """What ssh-keygen(1) calls the key: `SHA256:...`."""
        return fingerprint(base64.b64decode(self.text.partition(" ")[2]))


@dataclass(frozen=True, slots=True)
class Gated:
    """`Gated(user, key)` is a line of ours: whoever has the key comes in as that user."""

    user: str
    key: PublicKey


def parse_keys(text: str, file: str) -> tuple[PublicKey, ...]:
    """`parse_keys(text, file)` is the keys of a file of public keys, a line for each.

    Raises `UserError`.
    """
    if "PRIVATE KEY" in text:
        raise UserError(
            "this is a private key, which nobody else should see",
            file,
            f"name the public one, which is `{file}.pub` as a rule",
        )
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            key = _key(line)
            if key is None:
                raise UserError(
                    f"`{_shown(line)}` is not a public key of ssh",
                    file,
                    "name a file as `ssh-keygen -t ed25519` writes it, with the end `.pub`",
                )
            found.append(key)
    if not 1 <= len(found) <= _MOST:
        raise UserError(
            f"there are {len(found)} public keys, and from 1 to {_MOST} can be given",
            file,
            "name a file as `ssh-keygen -t ed25519` writes it, with the end `.pub`",
        )
    return tuple(sorted(set(found)))


def gated(text: str, root: Path) -> tuple[Gated, ...]:
    """`gated(text, root)` is the lines of an authorized_keys that lead to the gate of that host."""
    found = (_gated(line, root) for line in text.split("\n"))
    return tuple(one for one in found if one is not None)


def with_keys(text: str, root: Path, user: str, keys: tuple[PublicKey, ...]) -> str:
    """`with_keys(text, root, user, keys)` is the file with these keys of the user's, only.

    Raises `UserError` where one of them already opens something else: of two lines sshd takes the
    first.
    """
    kept = [
        line
        for line in text.split("\n")
        if (found := _gated(line, root)) is None or found.user != user
    ]
    for line in kept:
        for key in () if line.lstrip().startswith("#") else keys:
            if key.text.partition(" ")[2] in line.split():
                raise _taken(key, _gated(line, root))
    rest = "\n".join(kept)
    ends = not rest or rest.endswith("\n")
    return rest + ("" if ends else "\n") + "".join(_line(root, user, key) for key in keys)


def _line(root: Path, user: str, key: PublicKey) -> str:
    if not _PLAIN.fullmatch(str(root)):
        raise UserError(
            f"`{root}` cannot stand in a line of authorized_keys",
            "command=",
            "keep what fata has on the host in a directory without blanks or quotation marks",
        )
    return f'restrict,command="{_program(root)} gate {user}" {key.text} {user}\n'


def _program(root: Path) -> str:
    return f"{root}/bin/fata agent --root {root}"


def _gated(line: str, root: Path) -> Gated | None:
    match = _OURS.match(line)
    if match is None or match["program"] != _program(root):
        return None
    key = _key(match["key"])
    return None if key is None else Gated(match["user"], key)


def _key(line: str) -> PublicKey | None:
    """The key that a line begins with, whose data says of itself of which type it is."""
    words = line.split()[:2]
    match = _KEY.fullmatch(" ".join(words))
    if match is None:
        return None
    try:
        data = base64.b64decode(match["data"], validate=True)
    except ValueError:
        return None
    name = match["type"].encode()
    return PublicKey(match[0]) if data.startswith(len(name).to_bytes(4, "big") + name) else None


def _taken(key: PublicKey, other: Gated | None) -> UserError:
    if other is None:
        return UserError(
            f"the key {key.fingerprint} already logs in to this host without the gate",
            "authorized_keys",
            "use another key for this user, or remove that line on the host first",
        )
    return UserError(
        f"the key {key.fingerprint} is that of {other.user}",
        "authorized_keys",
        f"use another key, or take that one away with `fata host disallow {other.user}`",
    )


def _shown(line: str) -> str:
    return "".join(char for char in line[:60] if char.isprintable())

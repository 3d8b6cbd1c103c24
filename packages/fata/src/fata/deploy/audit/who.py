"""Who asks, as far as sshd and sudo tell."""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Who:
    """`Who(name, address)` is who asks, and from where, if that is known.

    `name` is that of a user of the gate; for administrators it says how they got in.
    """

    name: str
    address: str | None = None


def who(user: str | None, environ: Mapping[str, str]) -> Who:
    """`who(user, environ)` is who asks; `user` is `None` unless it came through the gate.

    The key of an administrator is known where sshd_config(5) has `ExposeAuthInfo yes`.
    """
    address = environ.get("SSH_CONNECTION", "").partition(" ")[0] or None
    if user is not None:
        return Who(user, address)
    name = _account()
    key = _fingerprint(environ.get("SSH_USER_AUTH", ""))
    if key is not None:
        return Who(f"{name} via ssh key {key}", address)
    sudo = environ.get("SUDO_USER", "")
    return Who(f"{name} via sudo of {sudo}" if sudo else name, address)


def fingerprint(key: bytes) -> str:
    """`fingerprint(key)` is what ssh-keygen(1) calls a public key: the sha256 of its bytes."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _fingerprint(file: str) -> str | None:
    """The key in the file that sshd has written: a line `publickey TYPE BASE64`."""
    if not file.startswith("/"):
        return None
    try:
        with Path(file).open("rb") as opened:
            lines = opened.read(1 << 16).decode(errors="replace").splitlines()
        for line in lines:
            words = line.split()
            if words[:1] == ["publickey"] and len(words) >= len(("publickey", "TYPE", "KEY")):
                return fingerprint(base64.b64decode(words[2], validate=True))
    except (OSError, ValueError):
        return None
    return None


def _account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())

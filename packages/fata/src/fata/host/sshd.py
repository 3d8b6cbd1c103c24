"""Whether sshd tells which key an administrator came with, so that the audit log can name them.

Source: sshd_config(5), `ExposeAuthInfo` and `Include`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass

from fata.host.kind import HEAD

CONFIG = "/etc/ssh/sshd_config"
SSHD_FILE = "/etc/ssh/sshd_config.d/60-fata.conf"
PROGRAM = "/usr/sbin/sshd"  # it wants to be called by its whole path
UNIT = "ssh.service"
VARIABLE = "SSH_USER_AUTH"
"""What sshd sets in the environment of those who come in where it exposes their key."""

_OPTION = "exposeauthinfo"


@dataclass(frozen=True, slots=True)
class Sshd:
    """`Sshd(included, decided, configured, exposes)` is what is known of the sshd of a host.

    `included` is whether it reads `SSHD_FILE`, and `decided` whether its main file says something
    of that option itself. `configured` is what its files come to, `None` where they are in error
    or it is another sshd; `exposes` is what the one does that we came through.
    """

    included: bool
    decided: bool
    configured: bool | None
    exposes: bool


def parse_sshd(config: Iterable[str], effective: str, variable: str) -> Sshd:
    """`parse_sshd(config, effective, variable)` is out of the lines of `CONFIG`, what `sshd -T`
    prints, and the value of `VARIABLE`.
    """
    included = decided = False
    for line in config:
        words = line.replace("=", " ", 1).replace('"', " ").split()
        if not words or words[0].startswith("#"):
            continue
        keyword = words[0].lower()
        if keyword == "match":  # what follows is not for everybody
            break
        decided = decided or keyword == _OPTION
        included = included or (keyword == "include" and any(map(_is_ours, words[1:])))
    says = dict(line.split(" ", 1) for line in effective.splitlines() if " " in line)
    configured = says.get(_OPTION, "").strip()
    return Sshd(
        included,
        decided,
        configured == "yes" if configured in ("yes", "no") else None,
        bool(variable.strip()),
    )


def settings() -> str:
    """`settings()` is the content of `SSHD_FILE`."""
    return f"{HEAD}ExposeAuthInfo yes\n"


def _is_ours(pattern: str) -> bool:
    whole = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
    return fnmatch.fnmatchcase(SSHD_FILE, whole) and whole.count("/") == SSHD_FILE.count("/")

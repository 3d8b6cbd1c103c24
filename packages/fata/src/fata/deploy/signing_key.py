"""Which of the user's ssh keys signs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from functoria import UserError

_USUAL = ("id_ed25519", "id_ecdsa", "id_rsa")
_PUBLIC = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+(?: .*)?")
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Key:
    """`Key(file, public)` is a key in a file, or one of the agent by its public line."""

    file: Path | None
    public: str = ""

    def __str__(self) -> str:
        return str(self.file) if self.file is not None else " ".join(self.public.split()[:1])


def signing_key(chosen: str | None, project: Path, home: Path) -> Key:
    """`signing_key(chosen, project, home)` is the key that signs: a file, or a public line.

    Without a choice it is git's for the project, if that is an ssh key (`gpg.format = ssh`,
    `user.signingkey`), then the usual file in `~/.ssh`, then the first key of the agent. Raises
    `UserError` where there is none.
    """
    text = chosen or _of_git(project)
    if text:
        return _named(text, home)
    for name in _USUAL:
        file = home / ".ssh" / name
        if file.is_file():
            return Key(file)
    for line in _said(["ssh-add", "-L"], project).splitlines():
        if _PUBLIC.fullmatch(line):
            return Key(None, line)
    raise UserError(
        "there is no ssh key to sign with",
        str(home / ".ssh"),
        "make one with `ssh-keygen -t ed25519`, start an agent that has one, or name one with "
        "`git config user.signingkey FILE`",
    )


def _named(text: str, home: Path) -> Key:
    public = text.removeprefix("key::")
    if _PUBLIC.fullmatch(public):
        return Key(None, public)
    file = home / text[2:] if text.startswith("~/") else Path(text)
    if not file.is_file():
        raise UserError(
            "the key to sign with is not there",
            str(file),
            "name a file that is, with `git config user.signingkey FILE`",
        )
    return Key(file)


def _of_git(project: Path) -> str:
    if _said(["git", "config", "--get", "gpg.format"], project) != "ssh":
        return ""
    return _said(["git", "config", "--get", "user.signingkey"], project)


def _said(words: list[str], directory: Path) -> str:
    """What a program says; nothing where it is not there or has nothing to say."""
    try:
        ended = subprocess.run(
            words, cwd=directory, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.decode(errors="replace").strip() if ended.returncode == 0 else ""

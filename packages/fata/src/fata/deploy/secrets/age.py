"""Encryption at rest, with age(1): what is on the disk needs the host's identity to be read."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from pathlib import Path

from functoria import UserError
from functoria.action import write_file

_PUBLIC = re.compile(rb"^# public key: (age1[0-9a-z]+)$", re.MULTILINE)
_SECONDS = 60


class Identity:
    """`Identity(file)` is the key of a host, in a file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def encrypted(self, content: bytes) -> bytes:
        """`encrypted(content)` is what only this identity makes the content of again.

        The identity is made where there is none. Raises `UserError`.
        """
        ended = _run(["age", "--encrypt", "--recipient", self._recipient()], content)
        if ended.returncode:
            raise UserError(
                f"`age` cannot encrypt: {_said(ended.stderr)}",
                str(self.file),
                "see that the file is an identity of `age-keygen`",
            )
        return ended.stdout

    def decrypted(self, content: bytes, where: Path) -> bytes:
        """`decrypted(content, where)` is the content of the file `where`. Raises `UserError`."""
        ended = _run(["age", "--decrypt", "--identity", os.fspath(self.file)], content)
        if ended.returncode:
            raise UserError(
                f"the secrets cannot be decrypted: {_said(ended.stderr)}",
                str(where),
                f"restore it or `{self.file}` from a backup of the host, or remove it and set the "
                "secrets again",
            )
        return ended.stdout

    def _recipient(self) -> str:
        found = _PUBLIC.search(self._made())
        if found is None:
            raise UserError(
                "the host's identity does not say its public key",
                str(self.file),
                "restore the file as `age-keygen` wrote it",
            )
        return found[1].decode()

    def _made(self) -> bytes:
        """What the file holds; it is made once, however many ask for it first."""
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _unusable(self.file, error) from None
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            guard = os.open(self.file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(guard, fcntl.LOCK_EX)
                if not self.file.exists():
                    content = _run(["age-keygen"], b"").stdout
                    write_file(self.file, content, 0o600, alone=True)
                return self.file.read_bytes()
            finally:
                os.close(guard)
        except OSError as error:
            raise _unusable(self.file, error) from None


def _unusable(file: Path, error: OSError) -> UserError:
    return UserError(
        f"the host's identity cannot be used: {(error.strerror or str(error)).lower()}",
        str(file),
        "see that the agent runs as the user whom the file belongs to, and that the disk has room",
    )


def _run(words: list[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            words, input=content, capture_output=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise UserError(
            f"`{words[0]}` is not installed on the host: secrets are encrypted with it",
            None,
            "run `fata host setup`, or `apt install age` there",
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`{words[0]}` did not end within {_SECONDS} s",
            None,
            "see what the host is busy with, then run the command again",
        ) from None


def _said(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if "error:" in line]
    text = lines[0].partition("error: ")[2] if lines else "nothing more is known"
    return "".join(char for char in text if char.isprintable())[:300]

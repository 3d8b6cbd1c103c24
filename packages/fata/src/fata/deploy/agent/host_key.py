"""The key with which a host signs what it has built itself, from what was pushed."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from fata.deploy.opening import ALLOWED
from fata.deploy.signing_key import Key
from fata.deploy.store.durable import reported
from functoria.action import write_file
from functoria.error import UserError

_NAME = "signing"
PRINCIPAL = "this-host"
_SECONDS = 30


def host_key(root: Path) -> Key:
    """`host_key(root)` is that key, made where there is none yet. Raises `UserError`.

    Where the host says whom it trusts, it then trusts its new key, too: a line of `allowed_signers`
    that may be removed, after which nothing that is pushed is deployed.
    """
    file = root / "keys" / _NAME
    if not file.exists():
        _make(file)
        allowed = root / ALLOWED
        if allowed.exists():
            public = file.with_suffix(".pub").read_text().split()[:2]
            line = f'{PRINCIPAL} namespaces="fata-manifest" {" ".join(public)}\n'
            text = allowed.read_text()
            with reported("the host cannot trust its own key", allowed):
                content = f"{text.rstrip()}\n{line}" if text.strip() else line
                write_file(allowed, content.encode(), allowed.stat().st_mode & 0o777)
    return Key(file)


def _make(file: Path) -> None:
    with (
        reported("the key of the host cannot be made", file),
        tempfile.TemporaryDirectory(prefix=".key-", dir=file.parent) as directory,
    ):
        made = Path(directory, _NAME)
        words = ["-q", "-t", "ed25519", "-N", "", "-C", "fata", "-f", str(made)]
        try:
            subprocess.run(
                ["ssh-keygen", *words], check=True, capture_output=True, timeout=_SECONDS
            )
        except subprocess.SubprocessError as error:
            raise UserError(
                f"the key of the host cannot be made: {error}",
                str(file),
                "see that `ssh-keygen` works on the host",
            ) from None
        made.with_suffix(".pub").replace(file.with_suffix(".pub"))
        made.replace(file)

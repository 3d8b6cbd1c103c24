"""Signatures of manifests, with the ssh keys that people have: `ssh-keygen -Y`, ssh-keygen(1).

The manifest names every file of its image by sha256, so its signature covers them all.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.signing_key import Key
from functoria import UserError

NAMESPACE = "fata-manifest"
"""What the signature is for: one that was made for a commit or a mail is none for an image."""

MAXIMUM_BYTES = 1 << 16

_GOOD = re.compile(r'Good "[^"]*" signature (?:for (?P<who>.+?) )?with \S+ key (?P<key>\S+)')
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Signer:
    """`Signer(principal, key)` is who signed, as the host calls them, and the key's fingerprint.

    Without a principal it is a key that the host does not trust, though it did sign.
    """

    principal: str | None
    key: str

    def __str__(self) -> str:
        return f"{self.principal or 'a key that is not trusted'} ({self.key})"


@dataclass(frozen=True, slots=True)
class Signers:
    """`Signers(allowed, revoked)` is whose signatures a host trusts.

    `allowed` is a file as ssh-keygen(1) describes it under ALLOWED SIGNERS: who may sign, with
    which key, and from when to when. `revoked` is a key revocation list or a list of public keys.
    Either may be absent: then nobody is trusted, or nobody is revoked.
    """

    allowed: Path
    revoked: Path | None = None


def sign(manifest: bytes, key: Key) -> bytes:
    """`sign(manifest, key)` is the signature of the manifest.

    A passphrase is asked for by ssh-keygen itself, at the user's terminal. Raises `UserError`.
    """
    with tempfile.TemporaryDirectory(prefix="fata-sign-") as directory:
        file = key.file
        if file is None:
            file = Path(directory, "key.pub")
            file.write_text(key.public + "\n")
        words = ["-Y", "sign", "-n", NAMESPACE, "-f", str(file)]
        ended = _run(words, manifest, seconds=None)
    if ended.returncode:
        raise UserError(
            f"the image cannot be signed: {_last(ended.stderr)}",
            str(key),
            "see that `ssh-add -l` shows the key or that its file can be read, or choose another "
            "with `git config user.signingkey FILE`",
        )
    return ended.stdout


def verify(manifest: bytes, signature: bytes, signers: Signers) -> Signer:
    """`verify(manifest, signature, signers)` is who signed exactly these bytes.

    Raises `UserError` where they were changed since, or where the key is not trusted, now.
    """
    if len(signature) > MAXIMUM_BYTES:
        raise _refused("the signature is too long to be one", signers)
    with tempfile.TemporaryDirectory(prefix="fata-verify-") as directory:
        file = Path(directory, "signature")
        file.write_bytes(signature)
        found = _run(
            ["-Y", "find-principals", "-s", str(file), "-f", str(signers.allowed)],
            b"",
            seconds=_SECONDS,
        )
        principals = found.stdout.decode(errors="replace").splitlines()
        if found.returncode or not principals:
            raise _refused(f"nobody whom this host trusts: {_last(found.stderr)}", signers)
        said = ""
        for principal in principals:
            words = ["-Y", "verify", "-n", NAMESPACE, "-s", str(file)]
            words += ["-f", str(signers.allowed), "-I", principal]
            if signers.revoked is not None and signers.revoked.is_file():
                words += ["-r", str(signers.revoked)]
            ended = _run(words, manifest, seconds=_SECONDS)
            good = _GOOD.search(ended.stdout.decode(errors="replace"))
            if ended.returncode == 0 and good is not None:
                return Signer(principal, good["key"])
            said = _last(ended.stdout + ended.stderr)
    raise _refused(said, signers)


def known(manifest: bytes, signature: bytes) -> Signer:
    """`known(manifest, signature)` is the key that signed exactly these bytes, trusted or not.

    Raises `UserError` where they were changed since.
    """
    with tempfile.TemporaryDirectory(prefix="fata-verify-") as directory:
        file = Path(directory, "signature")
        file.write_bytes(signature[: MAXIMUM_BYTES + 1])
        words = ["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(file)]
        ended = _run(words, manifest, seconds=_SECONDS)
    good = _GOOD.search(ended.stdout.decode(errors="replace"))
    if ended.returncode or good is None:
        raise UserError(
            f"the manifest is not what was signed: {_last(ended.stdout + ended.stderr)}",
            "manifest.json",
            "build the image again with `fata build`, then deploy it again",
        )
    return Signer(None, good["key"])


def _refused(why: str, signers: Signers) -> UserError:
    return UserError(
        f"the signature of the image is refused: {why}",
        str(signers.allowed),
        "sign with a key that the host trusts; who administers it adds one with a line there, "
        "`NAME KEY` as in `you@example.com ssh-ed25519 AAAA...`",
    )


def _run(
    words: list[str], content: bytes, seconds: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", *words], input=content, capture_output=True, timeout=seconds, check=False
        )
    except FileNotFoundError:
        raise UserError(
            "`ssh-keygen` is not installed: images are signed with it",
            None,
            "install it with `apt install openssh-client`",
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`ssh-keygen` did not end within {seconds} s",
            None,
            "see what the machine is busy with, then run the command again",
        ) from None


def _last(said: bytes) -> str:
    """The last line of what was said, which is from ssh-keygen but may quote a file."""
    lines = said.decode(errors="replace").strip().splitlines() or ["nothing more is known"]
    return "".join(char for char in lines[-1] if char.isprintable())[:300].strip().rstrip(".\r")

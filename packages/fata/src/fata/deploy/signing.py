"""Signatures of manifests, with the ssh keys that people have: `ssh-keygen -Y`, ssh-keygen(1).

The manifest names every file of its image by sha256, so its signature covers them all.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime
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
        return f"{self.principal or 'a key that the host was told nothing of'} ({self.key})"


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
        # Of a file: it would not ask for a passphrase if the manifest were its standard input.
        content = Path(directory, "manifest")
        content.write_bytes(manifest)
        words = ["-Y", "sign", "-n", NAMESPACE, "-f", str(file), str(content)]
        ended = _run(words, None, seconds=None)
        signature = content.with_name("manifest.sig")
        made = signature.read_bytes() if signature.is_file() else b""
    if ended.returncode or not made:
        raise UserError(
            f"the image cannot be signed: {_reason(ended)}",
            str(key),
            "see that `ssh-add -l` shows the key or that its file can be read, or choose another "
            "with `git config user.signingkey FILE`",
        )
    return made


def verify(manifest: bytes, signature: bytes, signers: Signers, at: float | None = None) -> Signer:
    """`verify(manifest, signature, signers)` is who signed exactly these bytes.

    A key has to be trusted `at` that time, in seconds of the epoch, or now; one that is revoked is
    not, whenever. Raises `UserError` where it is not, and where the bytes were changed since.
    """
    if len(signature) > MAXIMUM_BYTES:
        raise _refused("the signature is too long to be one", signers)
    with tempfile.TemporaryDirectory(prefix="fata-verify-") as directory:
        file = Path(directory, "signature")
        file.write_bytes(signature)
        common = ["-s", str(file), "-f", str(signers.allowed), *_time(at)]
        found = _run(["-Y", "find-principals", *common], b"", seconds=_SECONDS)
        principals = found.stdout.decode(errors="replace").splitlines()
        if found.returncode or not principals:
            raise _refused(f"of nobody whom this host trusts: {_reason(found)}", signers)
        why = ""
        for principal in principals:
            words = ["-Y", "verify", "-n", NAMESPACE, *common, "-I", principal]
            ended = _run(words, manifest, seconds=_SECONDS)
            good = _GOOD.search(ended.stdout.decode(errors="replace"))
            if ended.returncode or good is None:
                why = _reason(ended)
            elif _revoked(words, manifest, signers):
                why = f"the key {good['key']} of {principal} was revoked"
            else:
                return Signer(principal, good["key"])
    raise _refused(why, signers)


def _revoked(words: list[str], manifest: bytes, signers: Signers) -> bool:
    """Whether a good signature is of a revoked key, of which ssh-keygen says nothing but no."""
    if signers.revoked is None or not signers.revoked.exists():
        return False
    ended = _run([*words, "-r", str(signers.revoked)], manifest, seconds=_SECONDS)
    return ended.returncode != 0


def _time(at: float | None) -> list[str]:
    """The option for a time, which is in this machine's time zone as those in the file are."""
    if at is None:
        return []
    return ["-O", f"verify-time={datetime.fromtimestamp(at):%Y%m%d%H%M%S}"]


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
            f"the manifest is not what was signed: {_reason(ended)}",
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
    words: list[str], content: bytes | None, seconds: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", *words],
            input=content,
            capture_output=True,
            timeout=seconds,
            check=False,
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


def _reason(ended: subprocess.CompletedProcess[bytes]) -> str:
    """What ssh-keygen gives as its reason: the first line of what it says, which others follow."""
    said = (ended.stderr + b"\n" + ended.stdout).decode(errors="replace").split("\n")
    lines = [line for line in said if line.strip() and not line.startswith("Signing ")]
    text = lines[0] if lines else "no reason is given"
    return "".join(char for char in text if char.isprintable())[:300].strip().rstrip(".")

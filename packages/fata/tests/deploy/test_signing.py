"""Who signed a manifest, by the ssh keys that people have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from fata.deploy.signing import Signers, known, sign, verify
from fata.deploy.signing_key import Key, signing_key
from functoria import UserError

from .conftest import MakeKey

MANIFEST = b'{"name": "web"}\n'
Trust = Callable[..., Signers]


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_signature_says_who_signed(make_key: MakeKey, trusting: Trust, kind: str) -> None:
    key = make_key(kind=kind)
    signer = verify(MANIFEST, sign(MANIFEST, Key(key)), trusting(key))
    assert signer.principal == "alice@example.com"
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], capture_output=True, check=True)
    assert signer.key == shown.stdout.decode().split()[1]
    assert str(signer) == f"alice@example.com ({signer.key})"


def test_a_changed_byte_is_refused_at_any_place(make_key: MakeKey, trusting: Trust) -> None:
    key = make_key()
    signature = sign(MANIFEST, Key(key))
    signers = trusting(key)
    for place in range(len(MANIFEST)):
        changed = bytearray(MANIFEST)
        changed[place] ^= 1
        with pytest.raises(
            UserError, match="refused: Signature verification failed: incorrect signature"
        ):
            verify(bytes(changed), signature, signers)
    with pytest.raises(UserError, match="not what was signed"):
        known(MANIFEST + b" ", signature)


def test_a_stranger_is_refused_and_known_for_one(make_key: MakeKey, trusting: Trust) -> None:
    stranger = make_key("stranger")
    signature = sign(MANIFEST, Key(stranger))
    with pytest.raises(UserError, match="nobody whom this host trusts") as caught:
        verify(MANIFEST, signature, trusting(make_key()))
    assert "ssh-ed25519 AAAA" in caught.value.do
    said = str(known(MANIFEST, signature))
    assert said.startswith("a key that the host was told nothing of (SHA256:")


def test_a_signature_for_something_else_is_none_for_an_image(
    make_key: MakeKey, trusting: Trust
) -> None:
    key = make_key()
    words = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key)]
    signature = subprocess.run(words, input=MANIFEST, capture_output=True, check=True).stdout
    with pytest.raises(UserError, match="namespace does not match"):
        verify(MANIFEST, signature, trusting(key))


@pytest.mark.parametrize(
    "options",
    ['valid-before="20200101"', 'valid-after="20990101"', 'namespaces="git"'],
)
def test_trust_has_limits(make_key: MakeKey, trusting: Trust, options: str) -> None:
    key = make_key()
    with pytest.raises(UserError, match="is refused"):
        verify(MANIFEST, sign(MANIFEST, Key(key)), trusting(key, options))


def test_limits_that_are_kept(make_key: MakeKey, trusting: Trust) -> None:
    key = make_key()
    signers = trusting(key, 'valid-before="20990101",namespaces="fata-manifest"')
    assert verify(MANIFEST, sign(MANIFEST, Key(key)), signers)


def test_a_key_that_has_expired_was_trusted_before(make_key: MakeKey, trusting: Trust) -> None:
    key = make_key()
    signature = sign(MANIFEST, Key(key))
    signers = trusting(key, 'valid-before="20200101000000"')
    new_year = datetime(2020, 1, 1).timestamp()
    assert verify(MANIFEST, signature, signers, new_year - 60)
    for at in (new_year + 60, None):
        with pytest.raises(UserError, match="key has expired"):
            verify(MANIFEST, signature, signers, at)
    assert signers.revoked is not None
    signers.revoked.write_text(key.with_suffix(".pub").read_text())
    with pytest.raises(UserError, match=r"the key SHA256:\S+ of alice@example.com was revoked"):
        verify(MANIFEST, signature, signers, new_year - 60)


def test_a_key_that_was_revoked(make_key: MakeKey, trusting: Trust) -> None:
    key = make_key()
    signers = trusting(key)
    signature = sign(MANIFEST, Key(key))
    assert verify(MANIFEST, signature, signers)
    assert signers.revoked is not None
    signers.revoked.write_text(key.with_suffix(".pub").read_text())
    with pytest.raises(UserError, match=r"the key SHA256:\S+ of alice@example.com was revoked"):
        verify(MANIFEST, signature, signers)


@pytest.mark.parametrize("signature", [b"", b"nonsense", b"-----BEGIN SSH SIGNATURE-----\n"])
def test_what_is_no_signature(make_key: MakeKey, trusting: Trust, signature: bytes) -> None:
    with pytest.raises(UserError, match="is refused"):
        verify(MANIFEST, signature, trusting(make_key()))


def test_nobody_is_trusted_without_a_file(make_key: MakeKey, tmp_path: Path) -> None:
    signature = sign(MANIFEST, Key(make_key()))
    with pytest.raises(UserError, match="is refused"):
        verify(MANIFEST, signature, Signers(tmp_path / "none"))


def test_a_key_with_a_passphrase_and_nobody_to_ask(
    make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    with pytest.raises(UserError, match="cannot be signed") as caught:
        sign(MANIFEST, Key(make_key(passphrase="a phrase")))  # noqa: S106 - it is nobody's
    assert "ssh-add" in caught.value.do


ASKED = """
import sys
from pathlib import Path
from fata.deploy.signing import sign
from fata.deploy.signing_key import Key
Path(sys.argv[2]).write_bytes(sign(b"manifest", Key(Path(sys.argv[1]))))
"""


def test_a_passphrase_is_asked_for_at_the_terminal(
    make_key: MakeKey, trusting: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("SSH_ASKPASS", raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = make_key(passphrase="a phrase")  # noqa: S106 - it is nobody's
    signature = tmp_path / "signature"
    terminal, end = os.openpty()
    command = ["setsid", "--ctty", sys.executable, "-c", ASKED, str(key), str(signature)]
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        said = b""
        while b"passphrase" not in said:
            said += os.read(terminal, 1024)
        os.write(terminal, b"a phrase\n")
        assert process.wait(30) == 0
    os.close(terminal)
    assert verify(b"manifest", signature.read_bytes(), trusting(key))


def git(project: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(project), *words], check=True, capture_output=True)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of a user who has no keys, no agent and no settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    return project


def test_no_key_at_all(alone: Path) -> None:
    with pytest.raises(UserError, match="no ssh key") as caught:
        signing_key(None, alone, alone.parent)
    assert "ssh-keygen -t ed25519" in caught.value.do


def test_the_usual_key_then_that_of_git_then_what_is_chosen(alone: Path, make_key: MakeKey) -> None:
    home = alone.parent
    (home / ".ssh").mkdir()
    usual = make_key(".ssh/id_ed25519")
    assert signing_key(None, alone, home) == Key(usual)
    other = make_key("other")
    git(alone, "config", "user.signingkey", "~/other")
    assert signing_key(None, alone, home) == Key(usual), "a name of GPG's without gpg.format"
    git(alone, "config", "gpg.format", "ssh")
    assert signing_key(None, alone, home) == Key(other)
    assert signing_key(str(usual), alone, home) == Key(usual)
    with pytest.raises(UserError, match="not there"):
        signing_key("nowhere", alone, home)


def test_a_key_of_the_agent(
    alone: Path, make_key: MakeKey, trusting: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key()
    signers = trusting(key)
    socket = alone.parent / "agent"
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        while not socket.exists():
            assert agent.poll() is None
        subprocess.run(["ssh-add", "-q", str(key)], check=True)
        key.unlink()
        chosen = signing_key(None, alone, alone.parent)
        assert chosen.public.startswith("ssh-ed25519 ")
        assert verify(MANIFEST, sign(MANIFEST, chosen), signers)
    finally:
        agent.terminate()
        agent.communicate()

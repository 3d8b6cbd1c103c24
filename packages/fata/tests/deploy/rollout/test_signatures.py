"""Images that are not signed, are signed by strangers, or were changed: none of them runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy import changes
from fata.deploy.admission import Admission
from fata.deploy.agent.requests import About, Deployment
from fata.deploy.host import Host
from fata.deploy.repair import Repairer
from fata.deploy.signing import Signers, sign
from fata.deploy.signing_key import Key
from functoria.error import UserError

from .stub import deployment, image, served

GUEST = "hello.production.g1"
MakeKey = Callable[..., Path]
Trust = Callable[..., Signers]


@pytest.fixture
def strict(host: Host, make_key: MakeKey, trusting: Trust) -> Host:
    """The host, which runs only what Alice has signed."""
    return replace(host, admission=Admission(trusting(make_key("alice")), required=True))


def signed(host: Host, kernel: bytes, key: Path, **more: object) -> Deployment:
    """A request for an image that is signed with that key."""
    manifest = image(host, kernel)
    signature = sign(host.blobs.path(manifest).read_bytes(), Key(key))
    stored = host.blobs.put(signature, "manifest.json.sig").digest
    return deployment(manifest, signature=stored, **more)


@pytest.fixture
def running(strict: Host, said: list[str], tmp_path: Path) -> Host:
    """The host, which runs something."""
    changes.deploy(strict, signed(strict, b"1", tmp_path / "alice", text="one"), "ann", said.append)
    return strict


def test_what_is_not_signed_or_by_a_stranger_does_not_replace_what_runs(
    running: Host, said: list[str], make_key: MakeKey
) -> None:
    with pytest.raises(UserError, match="the image is not signed"):
        changes.deploy(running, deployment(image(running, b"2")), "ann", said.append)
    foreign = signed(running, b"2", make_key("mallory"))
    with pytest.raises(UserError, match="sign"):
        changes.deploy(running, foreign, "mallory", said.append)
    assert served(running) == "one"
    assert len(running.records.generations()) == 1, "they are refused before anything is written"


def test_a_signature_of_another_image_is_refused(
    running: Host, said: list[str], tmp_path: Path
) -> None:
    other = signed(running, b"2", tmp_path / "alice")
    stolen = replace(other, manifest=image(running, b"3"))
    with pytest.raises(UserError, match="the signature of the image is refused"):
        changes.deploy(running, stolen, "ann", said.append)
    assert served(running) == "one"


def test_what_a_revoked_key_has_signed_runs_on_and_is_not_started_again(
    running: Host, said: list[str], tmp_path: Path
) -> None:
    """Neither by the supervisor, nor by a restart, nor by a return to it."""
    changes.deploy(running, signed(running, b"2", tmp_path / "alice"), "ann", said.append)
    (tmp_path / "revoked_keys").write_text((tmp_path / "alice.pub").read_text())
    Repairer(running, said.append).run()
    assert served(running) == "hello"
    for change in (changes.restart, changes.roll_back):
        with pytest.raises(UserError, match="revoked"):
            change(running, About(app="hello"), "ann", said.append)
    running.driver.destroy("hello.production.g2")
    Repairer(running, said.append).run()
    assert running.driver.outcome("hello.production.g2") is not None
    events = [event.what for event in running.records.events(None)]
    assert any("revoked" in what for what in events), events


@pytest.mark.parametrize("name", ["manifest.json", "manifest.json.sig"])
def test_what_changed_of_what_was_signed_is_named(
    running: Host, said: list[str], name: str
) -> None:
    release = running.records.generations()[0].release
    digest = release.manifest if name == "manifest.json" else release.signature
    path = running.blobs.path(str(digest))
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"`{name}` has changed since it arrived"):
        changes.restart(running, About(app="hello"), "ann", said.append)
    assert served(running) == "one"

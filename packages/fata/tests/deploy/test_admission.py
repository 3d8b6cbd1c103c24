"""Which images a host takes, when they arrive and each time they start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fata.deploy.admission import Admission
from fata.deploy.signing import Signers, sign
from fata.deploy.signing_key import Key
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.send import sources
from functoria import UserError

from .conftest import Made, MakeImage, MakeKey


def items(made: Made):  # type: ignore[no-untyped-def]
    return tuple(source.item for source in sources(made.manifest, made.directory))


def stored(blobs: Blobs, made: Made, signature: bytes | None) -> tuple[str, str | None]:
    for source in sources(made.manifest, made.directory):
        blobs.put(source.path.read_bytes(), source.item.name)
    signed = None if signature is None else blobs.put(signature, "manifest.json.sig").digest
    return blobs.put(made.manifest, "manifest.json").digest, signed


def test_a_changed_byte_anywhere_is_refused_with_the_file_named(
    tmp_path: Path, make_image: MakeImage, make_key: MakeKey, trusting: Callable[..., Signers]
) -> None:
    key = make_key()
    admission = Admission(trusting(key), required=True)
    made = make_image()
    signature = sign(made.manifest, Key(key))
    blobs = Blobs(tmp_path / "store")
    manifest, signed = stored(blobs, made, signature)
    admitted = admission.starting(blobs, manifest, signed)
    assert str(admitted.signer).startswith("alice@example.com (SHA256:")
    names = {path.name: name for name, path in admitted.files.items()}
    names |= {manifest: "manifest.json", str(signed): "manifest.json.sig"}
    files = sorted((tmp_path / "store" / "blobs").iterdir())
    assert {file.name for file in files} == set(names)
    assert sorted(names.values()) == sorted(
        [*(item.name for item in items(made)), "manifest.json", "manifest.json.sig"]
    )
    for file in files:
        content = file.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1}:
            changed = bytearray(content)
            changed[place] ^= 0x20
            file.chmod(0o644)
            file.write_bytes(changed)
            with pytest.raises(UserError, match=f"`{names[file.name]}` has changed") as caught:
                admission.starting(blobs, manifest, signed)
            assert caught.value.where == str(file)
        file.write_bytes(content)
    assert admission.starting(blobs, manifest, signed).manifest.name == "web"


def test_what_runs_starts_again_after_its_key_has_expired(
    tmp_path: Path, make_image: MakeImage, make_key: MakeKey, trusting: Callable[..., Signers]
) -> None:
    key = make_key()
    made = make_image()
    blobs = Blobs(tmp_path / "store")
    manifest, signed = stored(blobs, made, sign(made.manifest, Key(key)))
    admission = Admission(trusting(key, 'valid-before="20200101"'), required=True)
    assert admission.starting(blobs, manifest, signed, arrived=1_500_000_000).signer
    with pytest.raises(UserError, match="is refused"):
        admission.starting(blobs, manifest, signed)


def test_what_is_missing_is_named(tmp_path: Path, make_image: MakeImage) -> None:
    admission = Admission(Signers(tmp_path / "none"), required=False)
    made = make_image()
    blobs = Blobs(tmp_path / "store")
    manifest, _ = stored(blobs, made, None)
    kernel = items(made)[0]
    blobs.path(kernel.digest).unlink()
    with pytest.raises(UserError, match=f"`{kernel.name}` is not in the store"):
        admission.starting(blobs, manifest, None)


def test_where_signatures_are_required(
    tmp_path: Path, make_image: MakeImage, make_key: MakeKey, trusting: Callable[..., Signers]
) -> None:
    made = make_image()
    key, stranger = make_key(), make_key("stranger")
    admission = Admission(trusting(key), required=True)
    offered = items(made)
    signer = admission.arriving(made.manifest, sign(made.manifest, Key(key)), offered)
    assert signer is not None
    assert signer.principal == "alice@example.com"
    with pytest.raises(UserError, match="not signed"):
        admission.arriving(made.manifest, None, offered)
    with pytest.raises(UserError, match="nobody whom this host trusts"):
        admission.arriving(made.manifest, sign(made.manifest, Key(stranger)), offered)


def test_where_they_are_not_required_they_are_recorded_and_have_to_fit(
    tmp_path: Path, make_image: MakeImage, make_key: MakeKey
) -> None:
    made = make_image()
    admission = Admission(Signers(tmp_path / "none"), required=False)
    offered = items(made)
    assert admission.arriving(made.manifest, None, offered) is None
    signature = sign(made.manifest, Key(make_key()))
    signer = admission.arriving(made.manifest, signature, offered)
    assert signer is not None
    assert signer.principal is None
    other = make_image(b"another kernel")
    with pytest.raises(UserError, match="not what was signed"):
        admission.arriving(other.manifest, signature, items(other))


def test_files_that_the_manifest_does_not_name_are_refused(
    tmp_path: Path, make_image: MakeImage
) -> None:
    admission = Admission(Signers(tmp_path / "none"), required=False)
    made, other = make_image(), make_image(b"another kernel", name="other")
    for offered in (items(other), items(made)[:-1], (*items(made), items(other)[0])):
        with pytest.raises(UserError, match="not those that the manifest names"):
            admission.arriving(made.manifest, None, offered)


def test_a_digest_that_is_not_of_its_parts_is_refused(
    tmp_path: Path, make_image: MakeImage
) -> None:
    admission = Admission(Signers(tmp_path / "none"), required=False)
    made = make_image()
    lying = made.manifest.replace(b'"quiet"', b'"init=/bin/sh"')
    with pytest.raises(UserError, match="digest that is not that of its parts"):
        admission.arriving(lying, None, items(made))

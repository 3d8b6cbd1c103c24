"""Keys that sign, and images that are signed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fata.deploy.signing import Signers
from fata.image.manifest import (
    Image,
    Interpreter,
    KernelRecord,
    Manifest,
    image_digest,
    to_json,
)
from fata.image.output import blob


@dataclass(frozen=True, slots=True)
class Made:
    """A directory as builds leave it, and the bytes of its manifest."""

    directory: Path
    manifest: bytes


MakeImage = Callable[..., Made]
MakeKey = Callable[..., Path]


@pytest.fixture
def make_image(tmp_path: Path) -> MakeImage:
    def make(kernel: bytes = b"kernel", initramfs: bytes = b"root", name: str = "web") -> Made:
        directory = tmp_path / "dist" / name
        directory.mkdir(parents=True, exist_ok=True)
        blobs = blob("kernel", kernel), blob("initramfs", initramfs, ".gzip")
        sbom = replace(blob("sbom", b"{}", ".cdx.json"))
        contents = (kernel, initramfs, b"{}")
        for record, content in zip((*blobs, sbom), contents, strict=True):
            (directory / record.file).write_bytes(content)
        image = Image(
            digest=image_digest(*blobs, "quiet"),
            kernel=KernelRecord(blobs[0], "tiny", "6.12", "linux-source 6.12-1", "cd" * 32),
            initramfs=blobs[1],
            unpacked=9,
            command_line="quiet",
            emulated=(),
            machines=(),
        )
        manifest = to_json(
            Manifest(
                name=name,
                target="virtio",
                versions={},
                source=None,
                keys={},
                arguments=(),
                interpreter=Interpreter("3.11.2", "ef" * 32),
                requirements=(),
                image=image,
                sbom=sbom,
            )
        )
        (directory / "manifest.json").write_bytes(manifest)
        return Made(directory, manifest)

    return make


@pytest.fixture
def make_key(tmp_path: Path) -> MakeKey:
    def make(name: str = "key", kind: str = "ed25519", passphrase: str = "") -> Path:
        file = tmp_path / name
        words = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(file)]
        subprocess.run([*words, "-b", "2048"] if kind == "rsa" else words, check=True)
        return file

    return make


@pytest.fixture
def trusting(tmp_path: Path) -> Callable[..., Signers]:
    """`trusting(key, options)` is signers of whom one, `alice@example.com`, has this key."""

    def trust(key: Path, options: str = "") -> Signers:
        public = key.with_name(key.name + ".pub").read_text()
        allowed = tmp_path / "allowed_signers"
        allowed.write_text(f"alice@example.com {options}{' ' if options else ''}{public}")
        return Signers(allowed, tmp_path / "revoked_keys")

    return trust

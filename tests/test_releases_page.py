"""What the page on releases says of signatures is what ssh-keygen does."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from fata.deploy.signing import Signers, sign, verify
from fata.deploy.signing_key import Key
from tests.test_docs import blocks

PAGE = "docs/releases.md"


def test_the_signers_and_the_command_of_the_page(tmp_path: Path) -> None:
    (example,) = (text for text in blocks(PAGE, "text") if "namespaces=" in text)
    (command,) = (text for text in blocks(PAGE, "text") if text.startswith("ssh-keygen"))
    key = tmp_path / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)]
    subprocess.run(make, check=True)
    public = key.with_suffix(".pub").read_text().strip()
    signers = re.sub(r"ssh-ed25519 \S+", public, example).replace("20270101", "20990101")
    (tmp_path / "allowed_signers").write_text(signers)
    manifest = b'{"name": "web"}\n'
    signature = sign(manifest, Key(key))
    (tmp_path / "manifest.json").write_bytes(manifest)
    (tmp_path / "manifest.json.sig").write_bytes(signature)
    words, _, file = command.replace("\\\n", " ").partition("<")
    with (tmp_path / file.strip()).open("rb") as stdin:
        said = subprocess.run(
            shlex.split(words), cwd=tmp_path, stdin=stdin, capture_output=True, check=True
        )
    assert b'Good "fata-manifest" signature for alice@example.com' in said.stdout
    signer = verify(manifest, signature, Signers(tmp_path / "allowed_signers"))
    assert signer.principal == "alice@example.com"

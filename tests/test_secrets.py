"""Secrets of programs that run here: the example, and the page."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
from pathlib import Path

import pytest

from fata.deploy.secrets.vault import Vault
from fata.project import load
from tests.conftest import ROOT, MakeProject, Project
from tests.test_docs import blocks, commands

PAGE = "docs/secrets.md"


@pytest.mark.parametrize("target", ["unix", "virtio", "xen"])
def test_the_configuration_of_the_page(tmp_path: Path, target: str) -> None:
    (tmp_path / "config.py").write_text(blocks(PAGE, "python")[0])
    assert load(tmp_path / "config.py", {"target": target}, {}).graph.nodes


def signed(example: Project, *arguments: str) -> None:
    """The example has the key that lies in its directory, and says it nowhere."""
    key = (example.directory / "secrets" / "signing-key").read_bytes()
    for text in ("hello", "good-bye"):
        said = example.ok("run", *arguments, "--", f"--text={text}")
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        assert f"{text} is signed {expected}" in said.out
        assert key not in (said.out + said.err).encode(errors="surrogateescape")


@pytest.mark.e2e
def test_the_commands_of_the_page(project: MakeProject) -> None:
    example = project("secrets").built()
    *prepare, run = blocks(PAGE, "sh")[0].splitlines()
    for line in prepare:
        subprocess.run(["sh", "-ec", line], cwd=example.directory, check=True)
    ((fata, verb, *arguments),) = commands(run)
    assert (fata, verb) == ("fata", "run")
    signed(example, *arguments)
    (disk,) = json.loads((example.output / "manifest.json").read_text())["disks"]
    assert (disk["purpose"], disk["requires"]) == ("secrets", ["signing-key"])
    key = (example.directory / "secrets" / "signing-key").read_bytes()
    for file in example.output.iterdir():
        assert key not in file.read_bytes()


@pytest.mark.e2e
def test_a_guest_reads_the_disk_that_a_host_makes(project: MakeProject, tmp_path: Path) -> None:
    example = project("secrets").built()
    key = bytes(range(256))
    vault = Vault(tmp_path / "host")
    for name, value in {"signing-key": key, "tls.pem": b"other" * 3000}.items():
        vault.set("website", "production", name, value, by="alice", now=0)
    (example.directory / "secrets").mkdir()
    (example.directory / "secrets" / "signing-key").write_bytes(key)
    disk = tmp_path / "disk"
    disk.write_bytes(vault.disk("website", "production", ["signing-key"]))
    disk.chmod(0o400)
    signed(example, "--disk", f"secrets={disk}")


@pytest.mark.e2e
def test_the_example_as_a_process(project: MakeProject) -> None:
    example = project("secrets").built("-t", "unix")
    refused = example.fata("run")
    assert refused.code == 71
    assert "'secrets' is not a directory" in refused.out + refused.err
    (example.directory / "secrets").mkdir()
    (example.directory / "secrets" / "signing-key").write_bytes(bytes(range(128, 160)))
    signed(example)


@pytest.mark.e2e
def test_a_guest_that_is_given_no_secrets_says_so(project: MakeProject) -> None:
    refused = project("secrets").built().fata("run")
    assert refused.code == 1
    assert "the file for the disk `secrets` is missing" in refused.err
    assert "make it with `tar -C secrets -cf " in refused.err


def test_nothing_secret_is_in_the_repository() -> None:
    assert "examples/*/secrets/" in (ROOT / ".gitignore").read_text()

"""Deployment from a provider's machine, with a real key and a stand-in for `fata deploy`."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from fata.ci import deploy as module
from fata.ci.deploy import deploy, key_text
from fata.settings import parse
from functoria.action import write_file
from functoria.error import UserError

HOSTS = "box ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"
TOML = b'[environments.production]\nhost = "root@box"\n[environments.staging]'

_STAND_IN = """#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys
config = subprocess.run(["ssh", "-G", "box"], capture_output=True, text=True, check=True).stdout
said = dict(line.partition(" ")[::2] for line in config.splitlines())
key = pathlib.Path(said["identityfile"])
said["mode"], said["arguments"] = oct(key.stat().st_mode), sys.argv[1:]
said["hosts"] = pathlib.Path(said["userknownhostsfile"]).read_text()
said["sees"] = "FATA_DEPLOY_KEY" in os.environ
git = ["git", "config", "--get-regexp", "gpg.format|user.signingkey"]
said["git"] = subprocess.run(git, capture_output=True, text=True, check=True).stdout
pathlib.Path("said.json").write_text(json.dumps(said))
sys.exit(7)
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "deploy"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "write_launcher", lambda path: write_file(path, _STAND_IN.encode(), 0o700)
    )


@pytest.mark.usefixtures("stand_in")
def test_ssh_knows_the_key_and_the_hosts_and_nothing_else(tmp_path: Path, key: Path) -> None:
    variables = {
        "PATH": "/usr/bin:/bin",
        "CI": "true",
        "FATA_DEPLOY_KEY": key.read_text(),
        "FATA_KNOWN_HOSTS": HOSTS,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    assert deploy(parse(TOML).environment(), tmp_path, variables) == 7
    said = json.loads((tmp_path / "said.json").read_text())
    assert said["arguments"] == ["deploy", "--to", "root@box", "--environment", "production"]
    assert said["stricthostkeychecking"] == "true"
    assert said["identitiesonly"] == "yes"
    assert said["mode"] == "0o100600"
    assert said["hosts"] == HOSTS + "\n"
    assert said["sees"] is False
    file = said["identityfile"]
    assert said["git"] == f"gpg.format ssh\nuser.signingkey {file}\n"
    assert not Path(file).parent.exists()


@pytest.mark.usefixtures("stand_in")
def test_without_a_provider_ssh_is_the_users(tmp_path: Path) -> None:
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with pytest.raises(UserError, match="has no host"):
        deploy(parse(TOML).environment("staging"), tmp_path, variables)
    deploy(parse(TOML).environment(), tmp_path, variables)


def test_a_key_as_providers_hand_it_over(key: Path) -> None:
    text = key.read_text()
    for secret in (text, str(key), base64.b64encode(text.encode()).decode(), text.strip()):
        assert key_text(secret) == text


def test_a_key_with_a_passphrase_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path], check=True)
    variables = {"FATA_DEPLOY_KEY": path.read_text(), "FATA_KNOWN_HOSTS": HOSTS}
    with pytest.raises(UserError, match="cannot be used"):
        deploy(parse(TOML).environment(), tmp_path, {"PATH": "/usr/bin:/bin", **variables})

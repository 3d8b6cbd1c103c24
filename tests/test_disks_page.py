"""The page on disks and networks: its configurations are such, and hosts are told the truth."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from fata.build import given
from fata.disks import parse_disks
from fata.image.manifest import DiskDevice, NetworkDevice
from fata.nics import parse_attachments, parse_publications
from fata.project import load
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "disks-and-networks.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_its_examples_are_configurations(tmp_path: Path, number: int) -> None:
    (tmp_path / "config.py").write_text(BLOCKS[number])
    for target in ("unix", "virtio"):
        project = load(tmp_path / "config.py", {"target": target}, {})
        assert bool(given.disks(project) or given.networks(project)) == (target == "virtio")


def test_two_stacks_have_arguments_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(BLOCKS[-1])
    project = load(tmp_path / "config.py", {"target": "virtio"}, {})
    assert [need.name for need in given.networks(project)] == ["public", "office"]
    options = {key.option for key in project.keys}
    assert {"public-ipv4", "office-ipv4", "office-dns"} <= options
    assert "ipv4" not in options


def test_its_commands_are_understood() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("fata run")]
    commands = [shlex.split(re.split(r" {3,}", line)[0])[2:] for line in lines]
    assert len(commands) == 6
    read = {"--disk": parse_disks, "--nic": parse_attachments, "-p": parse_publications}
    for command in commands:
        for option, value in zip(command[::2], command[1::2], strict=True):
            assert read[option]([value])


def test_its_manifest_is_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    shown = json.loads(text)
    msgspec.convert(shown["disks"], tuple[DiskDevice, ...], strict=True)
    msgspec.convert(shown["network"], tuple[NetworkDevice, ...], strict=True)
    assert set(shown["disks"][0]) == set(DiskDevice.__dataclass_fields__)


def test_the_help_says_how_to_name_them() -> None:
    from fata.cli.run import command

    text = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert "8080:80 to its first interface, front/8080:80 to that called front" in text
    assert "10.0.2.0/24 the first, 10.0.3.0/24 the second" in text
    assert "disks/NAME.img in the project" in text

"""What `fata query` says of the pipeline is what the pipeline is, and what would be written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fata.ci.render import PROVIDERS
from fata.cli.entry import run
from fata.tool import PROVIDERS as NAMES

CONFIG = """\
from fata.dsl import noop, register
register("site", noop())
"""
TOML = """\
app = "site"

[pipeline]
test = ["python -m pytest -k 'a or b'"]
targets = ["virtio"]

[environments.production]
host = "root@box"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "sites" / "one"
    directory.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (directory / "config.py").write_text(CONFIG)
    (directory / "fata.toml").write_text(TOML)
    monkeypatch.chdir(directory)
    monkeypatch.delenv("FATA_TARGET", raising=False)
    return directory


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["query", *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_the_names_are_those_of_the_providers() -> None:
    assert tuple(PROVIDERS) == NAMES


@pytest.mark.parametrize("provider", NAMES)
def test_a_provider_would_be_given_what_is_answered(
    project: Path, capsys: pytest.CaptureFixture[str], provider: str
) -> None:
    before = set(project.parents[1].rglob("*"))
    answer = asked(capsys, f"ci-{provider}")
    assert set(project.parents[1].rglob("*")) == before
    assert run(["ci", "init", provider]) == 0
    assert (project.parents[1] / PROVIDERS[provider].file).read_text() == answer
    capsys.readouterr()
    assert json.loads(asked(capsys, f"ci-{provider}", "--json")) == answer


def test_the_pipeline_is_data(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(asked(capsys, "ci"))
    assert data == json.loads(asked(capsys, "ci", "--json"))
    assert data["directory"] == "sites/one"
    jobs = {job["name"]: job for job in data["jobs"]}
    stages = {stage["name"]: stage for job in data["jobs"] for stage in job["stages"]}
    assert run(["ci", "run", "--list"]) == 0
    assert list(stages) == [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert stages["test"]["commands"] == ["python -m pytest -k 'a or b'"]
    assert "fata configure -t virtio" in " ".join(stages["build-virtio"]["commands"])
    assert [job["secrets"] for job in data["jobs"] if job["secrets"]] == [["FATA_DEPLOY_KEY"]]
    assert jobs["deploy-production"]["environment"] == "production"

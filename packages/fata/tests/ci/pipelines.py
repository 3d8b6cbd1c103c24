"""Pipelines that the tests of this directory share."""

from __future__ import annotations

from fata.ci.derive import Place, pipeline
from fata.ci.model import Pipeline
from fata.settings import parse

TOML = """\
app = "website"

[pipeline]
setup = ["pip install -r requirements-dev.txt"]
test = ["python -m pytest -q", "python -m mypy 'my program'"]
targets = ["virtio", "xen"]

[environments.production]
host = "root@box"
ports = ["80:80"]

[environments.staging]
branch = "next"
host = "root@box"
ports = ["8080:80"]

[environments.elsewhere]
branch = "other"
"""

WEBSITE = pipeline(parse(TOML.encode()), Place(".", "unix"))


def of(
    toml: str, directory: str = ".", target: str = "virtio", *, locked: bool = False
) -> Pipeline:
    return pipeline(parse(toml.encode()), Place(directory, target, locked))

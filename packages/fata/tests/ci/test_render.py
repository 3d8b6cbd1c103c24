"""The files of providers: as they are, as the providers' schemas have them, and as we meant them.

`UPDATE_TRANSCRIPTS=1` writes the files in `golden/` anew.
"""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.ci.model import Pipeline
from fata.ci.plan import plan
from fata.ci.render import PROVIDERS, forgejo, text
from fata.ci.render.script import commands as meant
from functoria.action import run
from functoria.error import UserError

from .pipelines import WEBSITE, of
from .reading import commands, jobs, read

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = {
    "github": "github-workflows",
    "forgejo": "github-workflows",
    "gitea": "github-workflows",
    "gitlab": "gitlab-ci",
    "travis": "travis",
}
"""Forgejo and Gitea publish none; what they run is GitHub's language."""

TINY = of("")
BELOW = of('[pipeline]\ntest = ["make"]', "sites/my site")


def schema(provider: str) -> dict[str, Any]:
    vendor = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    found: dict[str, Any] = json.loads((vendor / f"{SCHEMAS[provider]}.json").read_text())
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_golden(provider: str) -> None:
    path = GOLDEN / f"{provider}.yml"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        path.write_text(text(provider, WEBSITE))
    assert text(provider, WEBSITE) == path.read_text()


@pytest.mark.parametrize("pipeline", [WEBSITE, TINY, BELOW], ids=["website", "tiny", "below"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_schema_that_the_provider_publishes(provider: str, pipeline: Pipeline) -> None:
    jsonschema.Draft7Validator(schema(provider)).validate(read(provider, pipeline))


def test_the_schemas_do_refuse() -> None:
    for provider in PROVIDERS:
        broken = {**read(provider, WEBSITE), "jobs": 3, "stages": 3}
        assert not jsonschema.Draft7Validator(schema(provider)).is_valid(broken)


@pytest.mark.parametrize("pipeline", [WEBSITE, TINY, BELOW], ids=["website", "tiny", "below"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_command_is_the_models_and_in_its_order(provider: str, pipeline: Pipeline) -> None:
    found = jobs(provider, pipeline)
    assert list(found) == [job.name for job in pipeline.jobs]
    for job in pipeline.jobs:
        words = [c.words for stage in job.stages for c in meant(stage)]
        assert list(commands(provider, found[job.name])) == [*own(provider, pipeline), *words]


def own(provider: str, pipeline: Pipeline) -> list[tuple[str, ...]]:
    """How the provider gets the commit and goes to the project, where that takes commands."""
    if provider in ("forgejo", "gitea"):
        return [command.words for command in forgejo.CHECKOUT]
    if provider == "gitlab" and pipeline.directory != ".":
        return [("cd", pipeline.directory)]
    return []


_words = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12
)


@given(st.lists(_words, min_size=1, max_size=4))
def test_words_survive_every_language(words: list[str]) -> None:
    line = " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in ("echo", *words))
    printable = [word for word in words if word.isprintable()]
    if printable != words:
        return
    made = of(f"[pipeline]\ntest = [{json.dumps(line, ensure_ascii=False)}]")
    for provider in PROVIDERS:
        assert ("echo", *words) in commands(provider, jobs(provider, made)["test"])


def test_the_plan_writes_only_over_its_own(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.system(f"git init -q {tmp_path}")  # noqa: S605 - a path of pytest's
    project = tmp_path / "site"
    project.mkdir()
    (action,) = run(plan("github", WEBSITE, project))
    assert action.path == tmp_path.resolve() / ".github/workflows/fata.yml"
    assert run(plan("github", WEBSITE, project)) == ()
    assert run(plan("github", TINY, project))
    action.path.write_text("name: mine\n")
    with pytest.raises(UserError, match="was not generated"):
        run(plan("github", WEBSITE, project))

"""The pipeline in each provider's own language: one provider per file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fata.ci.model import Pipeline
from fata.ci.render import forgejo, github, gitlab, travis
from fata.ci.yaml import Value, document
from fata.tool import TOOL


@dataclass(frozen=True, slots=True)
class Provider:
    """`Provider(file, render, next_step)` is who runs pipelines.

    `file` is where in a repository the pipeline lies, and `next_step` what is to be done there
    once before it can deploy.
    """

    file: str
    render: Callable[[Pipeline], Mapping[str, Value]]
    next_step: str


PROVIDERS: Mapping[str, Provider] = {
    "github": Provider(".github/workflows/fata.yml", github.render, github.NEXT_STEP),
    "gitlab": Provider(".gitlab-ci.yml", gitlab.render, gitlab.NEXT_STEP),
    "forgejo": Provider(".forgejo/workflows/fata.yml", forgejo.render, forgejo.NEXT_STEP),
    "gitea": Provider(".gitea/workflows/fata.yml", forgejo.render, forgejo.NEXT_STEP),
    "travis": Provider(".travis.yml", travis.render, travis.NEXT_STEP),
}
"""By the name that `fata ci init` takes."""


def text(name: str, pipeline: Pipeline) -> str:
    """`text("github", pipeline)` is the file of that provider."""
    head = (
        f"# {TOOL.mark.decode()}: do not edit it; change fata.toml, then `fata ci init {name}`.\n"
    )
    return head + "\n" + document(PROVIDERS[name].render(pipeline))

"""Reads what was rendered, as a provider would: its commands, back from its own language."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from fata.ci.model import Pipeline
from fata.ci.render import text
from fata.ci.render.travis import CONTAINER


def read(provider: str, pipeline: Pipeline) -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text(provider, pipeline))
    return data


def jobs(provider: str, pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    data = read(provider, pipeline)
    if provider == "gitlab":
        return {name: job for name, job in data.items() if "script" in job}
    if provider == "travis":
        return {job["name"]: job for job in data["jobs"]["include"]}
    found: dict[str, dict[str, Any]] = data["jobs"]
    return found


def commands(provider: str, job: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The commands of a job, each as the words that its shell makes of it."""
    if provider == "gitlab":
        yield from (tuple(shlex.split(line)) for line in job["script"])
    elif provider == "travis":
        for line in _split(shlex.split(job["script"])):
            yield line[line.index(CONTAINER) + 1 :]
    else:
        for step in job["steps"]:
            for line in step.get("run", "").splitlines():
                yield tuple(shlex.split(line.replace("${{ '${{' }}", "${{")))


def _split(words: list[str]) -> Iterator[tuple[str, ...]]:
    found: list[str] = []
    for word in words:
        if word == "&&":
            yield tuple(found)
            found = []
        else:
            found.append(word)
    yield tuple(found)

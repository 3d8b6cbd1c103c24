"""A project: a directory with a `config.py`, its keys, and its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import functoria.project
from fata.devices.target import TARGET
from fata.tool import TOOL
from functoria.project import Options


@dataclass(frozen=True, slots=True)
class Project(functoria.project.Project):
    """`Project(...)` is a configuration with every choice made, the target among them."""

    @property
    def target(self) -> str:
        """Where the program is to run."""
        return self.context.get(TARGET)

    @property
    def output(self) -> Path:
        """Where `fata build` puts what it makes."""
        return self.directory / "dist" / f"{self.program.name}-{self.target}"


def of(project: functoria.project.Project) -> Project:
    """`of(project)` is the engine's project with what fata knows of it."""
    return Project(**{field.name: getattr(project, field.name) for field in fields(project)})


def load(
    config: Path, options: Options, environment: Mapping[str, str], *, saved: bool = True
) -> Project:
    """`load(config, options, environment)` is the project that `config` is the configuration of.

    See `functoria.project.load`; variables begin with `FATA_`.
    """
    return of(functoria.project.load(TOOL, config, options, environment, saved=saved))

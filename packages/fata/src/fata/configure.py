"""`fata configure`: the program that boots."""

from __future__ import annotations

import functoria.project
from fata.project import Project, of
from functoria import Reference
from functoria.action import Action, WriteFile
from functoria.codegen import Runtime, program

MAIN = "main.py"


def main_text(project: Project) -> str:
    """`main_text(p)` is the program that boots, which a person can read."""
    what = f"{project.program.name} for {project.target}"
    runtime = Runtime(
        header=f'"""{project.tool.head(what)}"""',
        system=Reference("libos.boot.system:System"),
        argument=Reference("libos.boot.arguments:Argument"),
    )
    return program(project.graph, project.context, runtime)


def plan(project: functoria.project.Project) -> tuple[Action, ...]:
    """`plan(p)` is what `fata configure` writes beside the keys it was told."""
    text = main_text(of(project)).encode()
    return (WriteFile(project.generated / MAIN, text, project.tool.mark),)

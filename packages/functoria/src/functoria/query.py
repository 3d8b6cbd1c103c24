"""What can be asked of every project, whatever the tool."""

from __future__ import annotations

from collections.abc import Mapping

from functoria import describe
from functoria.action import WriteFile
from functoria.configure import plan
from functoria.project import Project
from functoria.tool import Query


def _keys(project: Project) -> object:
    return [describe.key_data(key, project.context) for key in project.keys]


def _packages(project: Project) -> object:
    return sorted(str(p) for p in project.graph.collect(lambda device: device.packages))


def _files(project: Project) -> object:
    written = [action.path for action in plan(project) if isinstance(action, WriteFile)]
    return sorted(str(path.relative_to(project.directory)) for path in written)


def _graph(project: Project) -> object:
    return describe.as_data(project.program.name, project.graph, project.keys, project.context)


STANDARD: Mapping[str, Query] = {
    "name": Query("the program's name", lambda project: project.program.name),
    "keys": Query("the keys that matter, with values and where they are from", _keys),
    "packages": Query("the packages that the live devices need", _packages),
    "files": Query("the files that `configure` writes", _files),
    "graph": Query("the devices and how they are connected", _graph),
}
"""By name; a tool adds its own."""

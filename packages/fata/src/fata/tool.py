"""fata, as the engine knows it: its keys, what it generates, and what it can be asked."""

from __future__ import annotations

from pathlib import Path

import functoria.project
from fata.devices.target import TARGET, UNIX
from fata.targets.keys import KEYS_OF_GUESTS, PROJECT_KEYS
from fata.versions import VERSION, report
from functoria.action import Action
from functoria.tool import RESERVED, Query, Tool, When


def _plan(project: functoria.project.Project) -> tuple[Action, ...]:
    from fata.configure import plan

    return plan(project)


def _leftovers(directory: Path) -> tuple[Action, ...]:
    from fata.clean import leftovers

    return leftovers(directory)


def _query(name: str, doc: str) -> Query:
    def answer(project: functoria.project.Project) -> object:
        import fata.query

        return fata.query.answer(name, project)

    return Query(doc, answer)


TOOL = Tool(
    name="fata",
    version=VERSION,
    doc="Turn a Python program into a sealed VM that holds only what the program uses.",
    config="config.py",
    generated="_fata",
    keys=(
        TARGET,
        *PROJECT_KEYS,
        When(TARGET.value.map(lambda target: target != UNIX), "target=virtio", KEYS_OF_GUESTS),
    ),
    plan=_plan,
    leftovers=_leftovers,
    queries={
        name: _query(name, doc)
        for name, doc in {
            "arguments": "the boot arguments of the program",
            "devices": "what the host must give the guest: interfaces and disks, in order",
            "kernel-config": "the configuration of the kernel that a build would use",
            "main": "the program that boots",
            "manifest": "the manifest of the last build",
            "needs": "what the live devices ask of the tool",
            "target": "where the program runs",
        }.items()
    },
    versions=report,
    next_step="run `fata build`",
    beginning="begin a project with `fata new`",
    reserved=RESERVED | {"image", "why"},
)

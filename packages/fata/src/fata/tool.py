"""fata, as the engine knows it: its keys, what it generates, and what it can be asked."""

from __future__ import annotations

from pathlib import Path

import functoria.project
from fata.devices.target import GUESTS, TARGET, XEN
from fata.targets.keys import KEYS_OF_GUESTS, KEYS_OF_XEN, PROJECT_KEYS
from fata.versions import VERSION, report
from functoria.action import Action
from functoria.tool import RESERVED, Query, Tool, When

PROVIDERS = ("github", "gitlab", "forgejo", "gitea", "travis")
"""Who runs pipelines, as `fata ci init` and `fata query ci-NAME` take them."""


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
        When(
            TARGET.value.map(lambda target: target in GUESTS),
            f"target={' or '.join(GUESTS)}",
            KEYS_OF_GUESTS,
        ),
        When(TARGET.value.map(lambda target: target == XEN), f"target={XEN}", KEYS_OF_XEN),
    ),
    plan=_plan,
    leftovers=_leftovers,
    queries={
        name: _query(name, doc)
        for name, doc in {
            "arguments": "the boot arguments of the program",
            "ci": "what happens to each commit: jobs, stages, commands",
            **{
                f"ci-{name}": f"the same for {name}, as `fata ci init` writes it"
                for name in PROVIDERS
            },
            "devices": "what the host must give the guest: interfaces and disks, in order",
            "kernel-config": "the configuration of the kernel that a build would use",
            "libvirt": "the last build for libvirt, as domain XML",
            "main": "the program that boots",
            "manifest": "the manifest of the last build",
            "needs": "what the live devices ask of the tool",
            "sbom": "the bill of materials of the last build, in CycloneDX",
            "target": "where the program runs",
            "xl": "the last build for Xen's toolstack, as it starts on this machine: xl.cfg(5)",
            "xl-in": "the same with placeholders for what a host decides, for `xlcfg fill`",
        }.items()
    },
    versions=report,
    next_step="run `fata build`",
    beginning="begin a project with `fata new`",
    reserved=RESERVED | {"image", "why"},
)

"""What fata can be asked about a project, beside what every tool of functoria can."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import functoria.project
from fata.build.prepare import collect_needs
from fata.build.record import argument_record
from fata.built import built
from fata.configure import main_text
from fata.devices.target import GUESTS, UNIX, XEN
from fata.image.manifest import to_json
from fata.needs import Need
from fata.project import Project, of
from fata.tool import PROVIDERS
from functoria import UserError
from functoria.codegen import boot_keys


def answer(name: str, project: functoria.project.Project) -> object:
    """`answer(name, project)` is what `fata query NAME` prints. Raises `UserError`."""
    return _ANSWERS[name](of(project))


def _arguments(project: Project) -> object:
    return [asdict(argument_record(key)) for key in boot_keys(project.graph)]


def _needs(project: Project) -> object:
    return [_need(need) for need in collect_needs(project)]


def _need(need: Need) -> dict[str, Any]:
    data = asdict(need)
    position = data.pop("position", None)
    place = None if position is None else f"{position['file']}:{position['line']}"
    return {"kind": type(need).__name__.lower(), **data, "position": place}


def _devices(project: Project) -> object:
    kinds = ("network", "disk")
    return [need for need in map(_need, collect_needs(project)) if need["kind"] in kinds]


def _kernel_config(project: Project) -> object:
    from fata.build.kernel import kernel_config

    return kernel_config(project)


def _ci(provider: str | None) -> Callable[[Project], object]:
    def told(project: Project) -> object:
        from fata.ci import query

        return query.pipeline(project) if provider is None else query.file(provider, project)

    return told


def _manifest(project: Project) -> object:
    return json.loads(to_json(built(project, "manifest", (UNIX, *GUESTS))))


def _sbom(project: Project) -> object:
    record = built(project, "sbom", GUESTS).sbom
    if record is None:
        raise UserError(
            "the build has no bill of materials", str(project.output), "run `fata build` again"
        )
    path = project.output / record.file
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise UserError(
            "the bill of materials is not as it was built", str(path), "run `fata build` again"
        ) from None


def _libvirt(project: Project) -> object:
    if built(project, "libvirt", GUESTS).target == XEN:
        return _described("libvirt")(project)
    from fata.qemu.description import text

    return text(project.directory, project.output)


def _described(kind: str) -> Callable[[Project], object]:
    def described(project: Project) -> object:
        from fata.xen.files import text

        built(project, kind, (XEN,))
        return text(kind, project.directory, project.output)

    return described


_ANSWERS: Mapping[str, Callable[[Project], object]] = {
    "arguments": _arguments,
    "ci": _ci(None),
    **{f"ci-{name}": _ci(name) for name in PROVIDERS},
    "devices": _devices,
    "kernel-config": _kernel_config,
    "libvirt": _libvirt,
    "main": main_text,
    "manifest": _manifest,
    "needs": _needs,
    "sbom": _sbom,
    "target": lambda project: project.target,
    "xl": _described("xl"),
    "xl-in": _described("xl-in"),
}

"""What fata can be asked about a project, beside what every tool of functoria can."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import functoria.project
from fata.build.prepare import collect_needs
from fata.build.record import argument_record
from fata.configure import main_text
from fata.devices.target import XEN
from fata.image.manifest import read, to_json
from fata.needs import Need
from fata.project import Project, of
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


def _manifest(project: Project) -> object:
    return json.loads(to_json(read(project.output)))


def _sbom(project: Project) -> object:
    record = read(project.output).sbom
    if record is None:
        raise UserError(
            "there is no bill of materials: a process has no image",
            "sbom",
            "ask after `fata configure -t virtio` and `fata build`",
        )
    path = project.output / record.file
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise UserError(
            "the bill of materials is not as it was built", str(path), "run `fata build` again"
        ) from None


def _libvirt(project: Project) -> object:
    if read(project.output).target == XEN:
        return _described("libvirt")(project)
    from fata.qemu.description import text

    return text(project.directory, project.output)


def _described(kind: str) -> Callable[[Project], object]:
    def described(project: Project) -> object:
        from fata.xen.files import text

        return text(kind, project.directory, project.output)

    return described


_ANSWERS: Mapping[str, Callable[[Project], object]] = {
    "arguments": _arguments,
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

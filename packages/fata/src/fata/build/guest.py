"""The build for VMs: an initramfs, a kernel, and the words that start them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from fata.build import given
from fata.build.build import Build, made
from fata.build.materials import bill
from fata.build.prepare import Prepared, Report, collect_needs, prepare
from fata.build.record import manifest_of
from fata.devices.target import VIRTIO, XEN
from fata.image import manifest
from fata.image.compression import Compression
from fata.image.cpio import Entry, Kind
from fata.image.initramfs import initramfs
from fata.image.output import Text, blob
from fata.image.root import DROPPED, INIT, MODULES, directory_entries, skeleton
from fata.image.sbom import FILE_ENDING
from fata.kernel import Kernel, provide
from fata.kernel.boot import cmdline
from fata.needs import Directory, HostPath
from fata.project import Project
from fata.targets.keys import COMPRESSION, KERNEL
from fata.xen.numbers import disk_words
from functoria import UserError
from libos.boot.interrupts import TELLS

START = "libos.boot.init"
OWN = (None, "app")
STARTS = (START, "libos.boot.guest")


def planned(project: Project, report: Report) -> Build:
    """`planned(project, report)` is the image of the project, with the kernel it needs."""
    _check_paths(project)
    kernel = provide(project.context.get(KERNEL), given.profile(project), report)
    prepared = prepare(project, report, start=STARTS)
    layers, records = _root(prepared, kernel)
    report("packing the image")
    compression = Compression[project.context.get(COMPRESSION).upper()]
    packed, unpacked = initramfs(layers, compression)
    kernel_content = kernel.image.read_bytes()
    kernel_blob = blob("kernel", kernel_content)
    initramfs_blob = blob("initramfs", packed, f".{compression.value}")
    words = _command_line(prepared, kernel)
    on_qemu = project.target == VIRTIO
    image = manifest.Image(
        digest=manifest.image_digest(kernel_blob, initramfs_blob, words),
        kernel=manifest.KernelRecord(
            blob=kernel_blob,
            provider=kernel.provider,
            version=kernel.version,
            package=f"{kernel.package} {kernel.package_version}",
            config_sha256=kernel.config_digest,
        ),
        initramfs=initramfs_blob,
        unpacked=unpacked,
        command_line=words,
        emulated=tuple(kernel.cmdline_emulated) if on_qemu else (),
        machines=tuple(
            manifest.MachineRecord(machine.name, machine.options, machine.cmdline)
            for machine in kernel.machines
        )
        if on_qemu
        else (),
    )
    described = manifest_of(prepared, records, image)
    parts = bill(prepared, described)
    sbom = blob("sbom", parts, FILE_ENDING)
    described = replace(described, sbom=sbom)
    files = (
        (kernel_blob, kernel_content, 0o644),
        (initramfs_blob, packed, 0o644),
        (sbom, parts, 0o644),
    )
    return made(prepared, described, files, _texts(project, described))


def _check_paths(project: Project) -> None:
    """Raise `UserError` at the line of a device that uses files of the project where they lie."""
    for need in collect_needs(project):
        if isinstance(need, HostPath) and not need.path.startswith("/"):
            raise UserError(
                f"`{need.path}` lies in the project, and a VM has only what its image holds",
                need.position,
                f"use {need.instead}; or configure with `-t unix`, to run as a process",
            )


def _texts(project: Project, described: manifest.Manifest) -> tuple[Text, ...]:
    if project.target == XEN:
        from fata.xen.files import texts
    else:
        from fata.qemu.description import texts
    return texts(described, project.directory, project.output)


def _root(
    prepared: Prepared, kernel: Kernel
) -> tuple[tuple[list[Entry], ...], tuple[manifest.FileRecord, ...]]:
    """The root file system in layers, and what is to be said of each file in it."""
    found: list[tuple[Entry, manifest.FileRecord]] = []

    def add(entry: Entry, kind: str, module: str | None, package: str | None, why: str) -> None:
        digest = hashlib.sha256(entry.content).hexdigest()
        size = len(entry.content)
        record = manifest.FileRecord(entry.path, size, digest, kind, module, package, why)
        found.append((entry, record))

    for entry in skeleton():
        add(entry, entry.kind.name.lower().replace("_", " "), None, None, "every image has it")
    dropped = "".join(f"{name}\n" for name in prepared.closure.dropped).encode()
    add(Entry(DROPPED, content=dropped), "data", None, "libos", "names what an import may miss")
    for file in prepared.closure.entries:
        mode = 0o555 if file.executable else 0o444
        # The kernel takes a word with a dot for a parameter of its own, so PID 1 has no ending.
        path = INIT if file.module == START else file.path
        entry = Entry(path, content=file.content(), mode=mode)
        add(entry, file.kind.value, file.module, file.package, file.reason)
    for index, module in enumerate(kernel.modules(given.features(prepared.project))):
        entry = Entry(f"{MODULES}/{index:02}-{module.name}.ko", content=module.path.read_bytes())
        add(entry, "kernel module", None, "linux", "the devices of the graph need it")
    for need in collect_needs(prepared.project):
        if isinstance(need, Directory):
            why = f"packed by the device at {need.position}"
            for entry in directory_entries(need, prepared.project.directory):
                if entry.kind is Kind.FILE:
                    add(entry, "data", None, need.source, why)
    records = tuple(sorted((record for _, record in found), key=lambda record: record.path))
    return _layers(found), records


def _layers(
    found: list[tuple[Entry, manifest.FileRecord]],
) -> tuple[list[Entry], ...]:
    """What seldom changes first: Python and libraries, then packages, then the program."""
    layers: tuple[list[Entry], ...] = ([], [], [])
    for entry, record in found:
        if record.package in ("python", "libraries", "linux"):
            layers[0].append(entry)
        elif record.kind in ("module", "extension", "metadata") and record.package not in OWN:
            layers[1].append(entry)
        else:
            layers[2].append(entry)
    return layers


def _command_line(prepared: Prepared, kernel: Kernel) -> str:
    """The kernel's words: its own, then PID 1 and its arguments (bootparam(7)).

    Words without a dot or an equals sign that the kernel does not know become arguments of PID 1.
    """
    python = f"rdinit=/usr/bin/python{prepared.interpreter.short_version}"
    own = ("fata.end=restart", python, "-I", "-S", f"/{INIT}")
    names = [need.name for need in given.networks(prepared.project)]
    order = (f"fata.nics={','.join(names)}",) if len(names) > 1 else ()
    target = prepared.project.target
    serial = (TELLS,) if target == VIRTIO else ()
    disks = [need.name for need in given.disks(prepared.project)] if target == XEN else []
    return " ".join((*cmdline(kernel.provider, target), *own, *serial, *order, *disk_words(disks)))

"""The guest of a generation: from what is written down of it to a VM that starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from fata.arguments import BootArgumentError, check_arguments
from fata.deploy import strangers, volumes
from fata.deploy.admission import Admitted
from fata.deploy.drivers.spec import (
    Disk,
    GuestSpec,
    Limits,
    MacPrefix,
    Nic,
    XenType,
    deterministic_mac,
)
from fata.deploy.host import Host, Report
from fata.deploy.network import free_address, routers
from fata.deploy.records.leases import Lease
from fata.deploy.records.records import Generation
from fata.deploy.release import Release
from fata.deploy.service import Service
from fata.deploy.store.item import Item
from fata.devices.target import VIRTIO, XEN
from fata.image.manifest import FILE_NAME, DiskDevice, Image, MachineRecord, Manifest, parse
from fata.nics import words_of
from fata.qemu.accelerator import Choice, choose
from fata.qemu.machine import Accelerator, Machine
from fata.qemu.publish import LOOPBACK, Publish
from fata.qemu.publish import Protocol as QemuProtocol
from fata.settings import Port
from fata.targets.keys import DEFAULT_MEMORY, XEN_TYPE
from fata.told import Told, arguments_of
from functoria.error import UserError
from libos.boot.command_line import encode

SECRETS = "secrets"
_FIRST_SUBNET = 2


def admit(host: Host, release: Release) -> Admitted:
    """`admit(host, release)` is its image, every byte of which was read. Raises `UserError`."""
    return host.admission.starting(
        host.blobs, release.manifest, release.signature, release.arrived or None
    )


def manifest_of(host: Host, release: Release) -> Manifest:
    """`manifest_of(host, release)` is what its image is, and nothing else of it was read.

    Raises `UserError`.
    """
    known = Item(release.manifest, host.blobs.size(release.manifest) or 0, FILE_NAME)
    return parse(host.blobs.read(known), FILE_NAME)


def check(host: Host, service: Service, release: Release, made: Manifest) -> None:
    """`check(host, ...)` raises `UserError` for a release that this host cannot run."""
    wanted = XEN if host.xen else VIRTIO
    if made.target != wanted:
        raise UserError(
            f"the image is built for `{made.target}`, and this host runs guests of `{wanted}`",
            FILE_NAME,
            f"configure it with `-t {wanted}`, then deploy again",
        )
    try:
        check_arguments(made, release.arguments)
    except BootArgumentError as error:
        raise UserError(error.what, "`arguments` in fata.toml", error.do) from None
    names = {device.name for device in made.network}
    for port in release.ports:
        if port.nic is not None and port.nic not in names:
            known = ", ".join(f"`{name}`" for name in sorted(names)) or "none"
            raise UserError(
                f"`{port}` leads to the interface `{port.nic}`, and the program has {known}",
                "ports",
                "correct `ports` in fata.toml",
            )
    if not names and (release.ports or release.health.port is not None):
        raise UserError(
            f"`{made.name}` has no network, and ports cannot lead to it",
            "ports",
            "leave out `ports` and `health.port` in fata.toml, or give the program a stack",
        )
    volumes.check(host.root, service, made)


def prepare(host: Host, lease: Lease, generation: Generation, report: Report) -> GuestSpec:
    """`prepare(host, lease, generation, report)` is its guest, which nothing is known against.

    Addresses, volumes and secrets are given to it; nothing is started. Raises `UserError`.
    """
    admitted = admit(host, generation.release)
    made = admitted.manifest
    check(host, generation.service, generation.release, made)
    files = volumes.provide(host.root, generation.service, made, report)
    addresses = _addresses(host, lease, generation, made)
    spec = _specification(host, generation, admitted, addresses, files)
    _give_secrets(host, generation, made)
    host.driver.check(spec)
    return spec


def _give_secrets(host: Host, generation: Generation, made: Manifest) -> None:
    service = generation.service
    for disk in made.disks:
        if disk.purpose == SECRETS:
            content = host.vault.disk(service.app, service.environment, disk.requires)
            host.secrets.put(generation.guest, content)


def needed_memory(release: Release, made: Manifest) -> int:
    """`needed_memory(release, manifest)` is the MiB that its guest is given."""
    return release.memory or made.memory or DEFAULT_MEMORY


def _addresses(
    host: Host, lease: Lease, generation: Generation, made: Manifest
) -> Mapping[str, IPv4Address]:
    subnet = host.subnet
    if subnet is None:
        return {}
    return host.records.addresses.give(
        lease,
        generation.slot,
        [device.name for device in made.network],
        lambda taken: free_address(subnet, taken | strangers.addresses(host) | routers()),
        lambda address: address in subnet.network and address != subnet.gateway,
    )


def _specification(
    host: Host,
    generation: Generation,
    admitted: Admitted,
    addresses: Mapping[str, IPv4Address],
    files: Mapping[str, Path],
) -> GuestSpec:
    made, release = admitted.manifest, generation.release
    image = made.image
    if image is None:
        raise ValueError("what was admitted has an image")
    kernel = admitted.files[image.kernel.blob.file]
    record, choice = _machine(host, image, kernel)
    nics = tuple(
        _nic(host, generation, device.name, number) for number, device in enumerate(made.network)
    )
    told = tuple(_told(host, addresses, nic) for nic in nics)
    words = () if host.xen else words_of(made, nics)
    arguments = (*arguments_of(made, told, release.arguments), *release.arguments)
    return GuestSpec(
        generation.guest,
        host.guests / generation.guest,
        kernel,
        admitted.files[image.initramfs.file],
        _command_line(image, record, choice, words, arguments),
        needed_memory(release, made),
        vcpus=release.cpus or 1,
        nics=nics,
        disks=tuple(_disk(host, generation, disk, files) for disk in made.disks),
        machine=Machine(record.name) if record is not None else Machine.MICROVM,
        machine_options=None if record is None else record.options,
        accelerator=choice.accelerator if choice is not None else Accelerator.TCG,
        limits=Limits(cpu=release.limits.cpu, io=release.limits.io),
        xen=XenType(made.keys[XEN_TYPE.name]) if host.xen else XenType.PVH,
    )


def _machine(host: Host, image: Image, kernel: Path) -> tuple[MachineRecord | None, Choice | None]:
    """The machine of QEMU, and what executes its instructions; neither where that is Xen."""
    if host.xen:
        return None, None
    known = {machine.value for machine in Machine}
    # libvirt has no microvm; the others take what the image prefers.
    usable = [record for record in image.machines if record.name in known]
    if host.driver.name == "libvirt":
        usable = [record for record in usable if record.name == Machine.Q35.value]
    if not usable:
        raise UserError(
            f"the image's kernel runs on no machine that `{host.driver.name}` has",
            FILE_NAME,
            "build it with the kernel `tiny` or `debian` of this fata",
        )
    record = usable[0]
    machine = Machine(record.name)
    return record, choose(host.preference, kernel, machine, image.kernel.blob.sha256)


def _command_line(
    image: Image,
    record: MachineRecord | None,
    choice: Choice | None,
    words: Sequence[str],
    arguments: Sequence[str],
) -> str:
    parts = [image.command_line]
    if record is not None:
        parts += record.command_line
    if choice is not None and choice.accelerator is Accelerator.TCG:
        parts += image.emulated
    parts += (*words, *(encode(argument) for argument in arguments))
    return " ".join(parts)


def _nic(host: Host, generation: Generation, name: str, number: int) -> Nic:
    service, release = generation.service, generation.release
    prefix = MacPrefix.XEN if host.xen else MacPrefix.QEMU
    mac = deterministic_mac(service.app, service.environment, name, generation.slot, prefix)
    if host.bridge is not None:
        return Nic(name, mac, host.bridge)
    wanted = {
        (port.guest, QemuProtocol(port.protocol.value))
        for port in release.ports
        if leads_to(port, name, number)
    }
    asked = release.health.port
    if asked is not None and number == 0:
        wanted.add((asked, QemuProtocol.TCP))
    forwards = tuple(Publish(LOOPBACK, 0, guest, protocol) for guest, protocol in sorted(wanted))
    return Nic(name, mac, forwards=forwards, subnet=_FIRST_SUBNET + number)


def leads_to(port: Port, name: str, number: int) -> bool:
    """`leads_to(port, name, number)` is whether it leads to that interface, by name or number."""
    return port.nic == name or (port.nic is None and number == 0)


def _told(host: Host, addresses: Mapping[str, IPv4Address], nic: Nic) -> Told | None:
    if host.subnet is not None:
        subnet = host.subnet
        resolver = subnet.resolver or subnet.gateway
        address = f"{addresses[nic.name]}/{subnet.network.prefixlen}"
        return Told(address, str(subnet.gateway), str(resolver))
    net = f"10.0.{nic.subnet}"
    return Told(f"{net}.15/24", f"{net}.2", f"{net}.3")


def _disk(host: Host, generation: Generation, disk: DiskDevice, files: Mapping[str, Path]) -> Disk:
    secret = disk.purpose == SECRETS
    path = host.secrets.file(generation.guest) if secret else files[disk.name]
    return Disk(
        disk.name,
        path,
        read_only=secret or disk.read_only,
        vdev=disk.vdev or "",
        serial="" if host.xen else disk.name,
        sector_size=disk.sector_size,
    )

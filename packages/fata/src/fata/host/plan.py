"""What a host lacks to run guests: pure, from what it is to the steps that are needed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from fata.host import grub, layout, network, sshd
from fata.host.facts import Facts, Status
from fata.host.kind import (
    GRUB_FILE,
    LIBVIRT_UNITS,
    MARK,
    STATE,
    SYSCTL_FILE,
    Driver,
    Kind,
    Wishes,
)
from fata.host.layout import AGENT, AGENT_FILE, BUILDER, HOST_FILE, SYSUSERS_FILE, TMPFILES_FILE
from fata.host.steps import (
    InstallPackages,
    Reboot,
    RunCommand,
    Step,
    WriteFile,
)
from functoria.error import UserError

_MIB = 1 << 20
_DOM0_LEAST, _DOM0_MOST = 512, 4096
_TOOLS = ("nftables", "python3", "git", "age", "openssh-client")
"""What fata itself needs there: `ssh-keygen` is in the last."""
_LIBVIRT = "libvirt-daemon-system", "libvirt-clients"
_LIBVIRT_DRIVERS = {
    Kind.QEMU: "libvirt-daemon-driver-qemu",
    Kind.XEN: "libvirt-daemon-driver-xen",
}
_LIBVIRT_LOG = "libvirt-daemon-log"
"""virtlogd(8), for guests of QEMU, which Debian 12 has in another of them."""
_KERNEL = "linux-image-amd64"
"""Debian's usual kernel: that of its cloud images cannot be dom0 (CONFIG_XEN_DOM0)."""


def plan(facts: Facts, wishes: Wishes) -> tuple[Step, ...]:
    """`plan(facts, wishes)` is the steps that are needed, in order; none where all is done.

    Raises `UserError` for a file that another has written where fata would write.
    """
    net = network.subnet(facts.network, wishes.kind, wishes.subnet)
    wanted = wanted_packages(facts, wishes.kind, wishes.driver)
    missing = tuple(name for name in wanted if name not in facts.packages.installed)
    memory = wishes.dom0_memory or _dom0_memory(facts)
    boot = tuple(_boot_files(facts, wishes.kind, memory))
    return (
        *boot,  # before the packages, whose installation has the menu of GRUB written
        *((InstallPackages(missing),) if missing else ()),
        *_network(facts, wishes.kind, net),
        *_menu(facts, wishes.kind, memory, changed=bool(boot or missing)),
        *_layout(facts),
        *_libvirt(facts, wishes),
        *_driver(facts, wishes),
        *_agent(facts),
        *_sshd(facts),
        *_groups(facts, wishes.kind),
        *_reboot(facts, wishes.kind, changed=bool(boot)),
    )


def wanted_packages(facts: Facts, kind: Kind, driver: Driver | None = None) -> tuple[str, ...]:
    """`wanted_packages(facts, kind)` is the packages that a host of that kind has.

    Without a `driver` it is the one that the host has.
    """
    libvirt = tuple(_libvirt_packages(facts, kind, driver or _driver_of(facts, kind)))
    if kind is Kind.QEMU:
        return ("qemu-system-x86", *libvirt, *_TOOLS)
    installed = facts.packages.installed
    usual = (name for name in installed if name.startswith("linux-image-") and "cloud" not in name)
    return ("xen-system-amd64", *libvirt, *_TOOLS, *(() if any(usual) else (_KERNEL,)))


def _libvirt_packages(facts: Facts, kind: Kind, driver: Driver) -> Iterator[str]:
    if driver is Driver.LIBVIRT:
        daemon, clients = _LIBVIRT
        yield from (daemon, _LIBVIRT_DRIVERS[kind], clients)
        if kind is Kind.QEMU and facts.system.release != "12":
            yield _LIBVIRT_LOG


def _boot_files(facts: Facts, kind: Kind, memory: int) -> Iterator[Step]:
    if kind is Kind.XEN:
        yield from _file(facts, GRUB_FILE, grub.settings(memory), "from the next start on")


def _dom0_memory(facts: Facts) -> int:
    """What dom0 has in our file already, or a quarter of the memory within limits, in MiB."""
    known = grub.dom0_memory(facts.system.files.get(GRUB_FILE, ""))
    quarter = facts.system.memory // _MIB // 4
    return known or max(_DOM0_LEAST, min(_DOM0_MOST, quarter // 128 * 128))


def _network(facts: Facts, kind: Kind, net: IPv4Network) -> Iterator[Step]:
    sysctl = tuple(_file(facts, SYSCTL_FILE, network.forwarding(), "at once"))
    unit = tuple(_file(facts, kind.unit_file, network.unit(kind, net), "at once"))
    rules = tuple(_file(facts, kind.rules_file, network.rules(kind, net), "at once"))
    yield from (*sysctl, *unit, *rules)
    if sysctl or not facts.system.forwarding:
        yield RunCommand(("/lib/systemd/systemd-sysctl", SYSCTL_FILE), "pass packets on")
    own = facts.network.addresses.get(kind.bridge, ())
    if any(address.network != net for address in own):
        yield RunCommand(
            ("ip", "address", "flush", "dev", kind.bridge), "take the bridge's old address away"
        )
    if unit:
        yield RunCommand(("systemctl", "daemon-reload"), "have systemd read its units")
    now = facts.units.get(kind.unit)
    if now is None or not now.enabled:
        yield RunCommand(("systemctl", "enable", kind.unit), "make the bridge at every start")
    if unit or rules or now is None or not now.active or not own:
        yield RunCommand(("systemctl", "restart", kind.unit), "make the bridge now")


def _menu(facts: Facts, kind: Kind, memory: int, *, changed: bool) -> Iterator[Step]:
    system = facts.system
    right = system.boots_xen and system.menu_memory == memory
    if kind is Kind.XEN and (changed or not right):
        yield RunCommand(("update-grub",), "have GRUB start Xen")


def _layout(facts: Facts) -> Iterator[Step]:
    users = tuple(_file(facts, SYSUSERS_FILE, layout.users(), "at once"))
    directories = tuple(_file(facts, TMPFILES_FILE, layout.directories(), "at once"))
    right = _directories_are_right(facts)
    yield from (*users, *directories)
    # The owner of its directory is there, or `stat` would not know its name.
    if users or not (right or _owner(facts, f"{STATE}/build") == BUILDER):
        yield RunCommand(("systemd-sysusers", SYSUSERS_FILE), f"have a user {BUILDER} for builds")
    if directories or not right:
        yield RunCommand(
            ("systemd-tmpfiles", "--create", TMPFILES_FILE), f"make {STATE} as it should be"
        )


def _directories_are_right(facts: Facts) -> bool:
    found = {path: facts.status.get(path) for path in layout.DIRECTORIES}
    wanted = layout.DIRECTORIES.items()
    return all(found[path] == Status(mode, owner) for path, (mode, owner) in wanted)


def _owner(facts: Facts, path: str) -> str | None:
    found = facts.status.get(path)
    return found.owner if found else None


def _driver_of(facts: Facts, kind: Kind) -> Driver:
    """What runs the guests of the host, as one of that kind."""
    said = _said(facts)
    return said if said in kind.drivers else kind.drivers[0]


def _said(facts: Facts) -> Driver | None:
    return layout.driver_of(facts.system.files.get(HOST_FILE, ""))


def _libvirt(facts: Facts, wishes: Wishes) -> Iterator[Step]:
    """Debian starts it when it is installed, unless the machine's owner has it start nothing."""
    if (wishes.driver or _driver_of(facts, wishes.kind)) is not Driver.LIBVIRT:
        return
    found = [facts.units.get(unit) for unit in LIBVIRT_UNITS]
    if not any(unit is not None and unit.active for unit in found):
        yield RunCommand(("systemctl", "enable", "--now", LIBVIRT_UNITS[0]), "have libvirt answer")


def _driver(facts: Facts, wishes: Wishes) -> Iterator[Step]:
    own, said = _driver_of(facts, wishes.kind), _said(facts)
    wanted = wishes.driver or own
    # One that the kind has not is of the time before it became that.
    if wanted is own and (said is None or said in wishes.kind.drivers):
        return
    agent = facts.units.get(AGENT)
    if agent is not None and agent.active:
        raise UserError(
            f"guests of this host may run with the driver `{(said or own).value}`, and `{wanted}` "
            "would not see them",
            HOST_FILE,
            f"end them with `fata stop`, then the agent with `systemctl stop {AGENT}` there, and "
            "run the command again; `fata restart` starts them with the other driver",
        )
    yield from _file(facts, HOST_FILE, layout.settings(wanted), "at once")


def _sshd(facts: Facts) -> Iterator[Step]:
    """Where the host's sshd reads our file, and its administrator has not decided otherwise."""
    found, there = facts.sshd, sshd.SSHD_FILE in facts.system.files
    if not found.included or found.decided or found.configured is None:
        return
    check = (sshd.PROGRAM, "-t")
    wanted = there or not found.configured
    file = tuple(_file(facts, sshd.SSHD_FILE, sshd.settings(), "at once", check) if wanted else ())
    yield from file
    if file or (there and found.configured and not found.exposes):
        yield RunCommand(
            # Where a socket starts sshd for each connection, there is nothing to reload.
            ("systemctl", "try-reload-or-restart", sshd.UNIT),
            "have sshd say which key an administrator has",
            at_login=True,
        )


def _agent(facts: Facts) -> Iterator[Step]:
    unit = tuple(_file(facts, AGENT_FILE, layout.agent(), "with the first deployment"))
    yield from unit
    now = facts.units.get(AGENT)
    if unit:
        yield RunCommand(("systemctl", "daemon-reload"), "have systemd read its units")
    if now is None or not now.enabled:
        yield RunCommand(("systemctl", "enable", AGENT), "start the agent at every start")
    if unit and now is not None and now.active:
        yield RunCommand(("systemctl", "restart", AGENT), "start the agent anew")


def _groups(facts: Facts, kind: Kind) -> Iterator[Step]:
    if kind is Kind.QEMU and facts.login.uid != 0 and "kvm" not in facts.login.groups:
        yield RunCommand(
            ("usermod", "--append", "--groups", "kvm", facts.login.user),
            f"let {facts.login.user} use KVM",
            at_login=True,
        )


def _reboot(facts: Facts, kind: Kind, *, changed: bool) -> Iterator[Step]:
    if kind is not Kind.XEN:
        return
    if not facts.system.dom0:
        yield Reboot("so that the host starts Xen")
    elif changed:
        yield Reboot("so that Xen starts with its new settings")


def _file(
    facts: Facts, path: str, content: str, since: str, check: tuple[str, ...] = ()
) -> Iterator[Step]:
    """The step that writes a file of ours, if the host has it otherwise."""
    there: Status | None = facts.status.get(path)
    found = facts.system.files.get(path, "")
    if there is not None and MARK not in found[:512]:
        raise UserError(
            f"{path} on the host was not written by fata, and is left as it is",
            path,
            "move the file away there, then run the command again",
        )
    if found != content:
        yield WriteFile(path, content, since, check=check)

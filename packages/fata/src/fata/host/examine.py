"""What a host can and cannot do, each with the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator

from fata.doctor import Finding, State
from fata.host import refusal
from fata.host.facts import Facts
from fata.host.kind import GRUB_FILE, KVM, STATE, Kind, Wishes
from fata.host.layout import AGENT, DIRECTORIES, LAUNCHER
from fata.host.plan import plan, wanted_packages
from fata.host.steps import Reboot, RunCommand, Step, WriteFile, shown
from functoria.error import UserError


def kind_of(facts: Facts) -> Kind:
    """`kind_of(facts)` is what the host was set up as, or seems to be meant for."""
    xen = (
        facts.system.dom0
        or GRUB_FILE in facts.system.files
        or "xen-system-amd64" in facts.packages.installed
    )
    return Kind.XEN if xen else Kind.QEMU


def findings(facts: Facts, name: str, setup: str) -> tuple[Finding, ...]:
    """`findings(facts, name, setup)` is all rows of the host `name`.

    `setup` is the command that sets it up, which mends most.
    """
    kind = kind_of(facts)
    return (
        _system(facts, kind, name),
        _packages(facts, kind, setup),
        *_steps(facts, kind, setup),
        _hypervisor(facts, kind, setup),
        _processor(facts, kind),
        _room(facts),
    )


def _system(facts: Facts, kind: Kind, name: str) -> Finding:
    whose = " of dom0" if facts.system.dom0 else ""
    memory = f"{_size(facts.system.memory)}{whose}"
    found = f"{facts.system.name}, Linux {facts.system.kernel}, {memory}"
    try:
        refusal.refuse(facts, kind, name)
    except UserError as error:
        return Finding("system", State.MISSING, error.what, error.do)
    return Finding("system", State.GOOD, found)


def _packages(facts: Facts, kind: Kind, setup: str) -> Finding:
    wanted = wanted_packages(facts, kind)
    missing = [name for name in wanted if name not in facts.packages.installed]
    if missing:
        found = f"{', '.join(missing)} missing: it cannot run guests"
        return Finding("packages", State.MISSING, found, setup)
    versions = (f"{name} {facts.packages.installed[name]}" for name in wanted)
    return Finding("packages", State.GOOD, ", ".join(versions))


def _steps(facts: Facts, kind: Kind, setup: str) -> Iterator[Finding]:
    """The network and the directory, as far as the plan has something to do to them."""
    try:
        steps = plan(facts, Wishes(kind))
    except UserError as error:
        yield Finding("files", State.MISSING, error.what, error.do)
        return
    lacking = [step for step in steps if isinstance(step, WriteFile | RunCommand)]
    addresses = facts.network.addresses.get(kind.bridge, ())
    if lacking:
        found = f"to do: {shown(lacking[0])}"
        yield Finding("settings", State.MISSING, found, setup)
    else:
        yield Finding("settings", State.GOOD, "as `fata host setup` writes them")
    where = ", ".join(map(str, addresses))
    if where:
        yield Finding("network", State.GOOD, f"guests are on {kind.bridge}, {where}")
    else:
        yield Finding("network", State.MISSING, f"there is no bridge {kind.bridge}", setup)
    yield _directory(facts, setup)
    yield _agent(facts, setup)


def _directory(facts: Facts, setup: str) -> Finding:
    if STATE not in facts.status:
        return Finding("state", State.MISSING, f"there is no {STATE}", setup)
    for path, (mode, owner) in DIRECTORIES.items():
        found = facts.status.get(path)
        if found is None:
            return Finding("state", State.MISSING, f"there is no {path}", setup)
        if found.mode & 0o7777 != mode or found.owner != owner:
            row = f"{path} is {found.owner}'s, mode {found.mode & 0o7777:04o}"
            return Finding("state", State.MISSING, f"{row}; it should be {owner}'s", setup)
    return Finding("state", State.GOOD, f"{STATE} and what is in it are as they should be")


def _agent(facts: Facts, setup: str) -> Finding:
    unit = facts.units.get(AGENT)
    if unit is None or not unit.enabled:
        return Finding("agent", State.MISSING, f"{AGENT} is not started with the host", setup)
    if LAUNCHER not in facts.status:
        return Finding("agent", State.GOOD, "it starts with the first deployment")
    if not unit.active:
        do = f"see `journalctl -u {AGENT}` there"
        return Finding("agent", State.MISSING, f"{AGENT} does not run", do)
    return Finding("agent", State.GOOD, "it runs")


def _hypervisor(facts: Facts, kind: Kind, setup: str) -> Finding:
    if kind is Kind.XEN:
        if facts.system.dom0:
            return Finding("xen", State.GOOD, "the host runs Xen, and this is dom0")
        steps = plan_or_nothing(facts, kind)
        ready = steps and all(isinstance(step, Reboot) for step in steps)
        found = "the host does not run Xen" + (", but will after a reboot" if ready else "")
        return Finding("xen", State.MISSING, found, f"{setup} --reboot")
    if KVM in facts.status:
        return Finding("kvm", State.GOOD, f"{KVM} is there")
    do = None if facts.system.virtualisation else "switch virtualisation on in the firmware"
    return Finding("kvm", State.LIMITED, f"there is no {KVM}: guests are emulated", do)


def plan_or_nothing(facts: Facts, kind: Kind) -> tuple[Step, ...]:
    """`plan_or_nothing(facts, kind)` is the plan, or nothing where there can be none."""
    try:
        return plan(facts, Wishes(kind))
    except UserError:
        return ()


def _processor(facts: Facts, kind: Kind) -> Finding:
    # Under Xen the processor's flags are those that Xen shows to dom0, without these two.
    if facts.system.virtualisation or facts.system.dom0:
        return Finding("processor", State.GOOD, "it can virtualise")
    lack = "only PV guests run" if kind is Kind.XEN else "guests are slow"
    do = "switch virtualisation on in the firmware, or in what the host itself is a guest of"
    return Finding("processor", State.LIMITED, f"it shows no vmx and no svm: {lack}", do)


def _room(facts: Facts) -> Finding:
    least = min(facts.free.items(), key=lambda item: (item[1], item[0]))
    return Finding("disk", State.GOOD, f"{_size(least[1])} free on {least[0]}")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"

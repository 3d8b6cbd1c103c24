"""From what a host is to what is done to it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from fata.host import grub, layout, network, sshd
from fata.host.facts import Facts, Network, Status, Unit
from fata.host.kind import GRUB_FILE, MARK, STATE, SYSCTL_FILE, Driver, Kind, Wishes
from fata.host.layout import AGENT, AGENT_FILE, BUILDER, DIRECTORIES, HOST_FILE, SYSUSERS_FILE
from fata.host.plan import plan
from fata.host.refusal import refuse
from fata.host.sshd import SSHD_FILE, parse_sshd
from fata.host.steps import (
    InstallPackages,
    Reboot,
    RunCommand,
    Step,
    WriteFile,
    shown,
)
from functoria import UserError

from .hosts import fresh_facts

XEN, QEMU = Wishes(Kind.XEN), Wishes(Kind.QEMU)
LIBVIRT = Wishes(Kind.QEMU, driver=Driver.LIBVIRT)
XEN_LIBVIRT = Wishes(Kind.XEN, driver=Driver.LIBVIRT)


def after(facts: Facts, steps: tuple[Step, ...], kind: Kind) -> Facts:
    """What the host is when the steps have been done, a reboot among them."""
    for step in steps:
        system, packages = facts.system, facts.packages
        match step:
            case InstallPackages():
                new = {**packages.installed, **dict.fromkeys(step.names, "1")}
                facts = replace(facts, packages=replace(packages, installed=new))
            case WriteFile():
                status = {**facts.status, step.path: Status(step.mode, "root")}
                files = {**system.files, step.path: step.content}
                facts = replace(facts, status=status, system=replace(system, files=files))
                configured = step.path == SSHD_FILE or facts.sshd.configured
                facts = replace(facts, sshd=replace(facts.sshd, configured=configured))
            case RunCommand(("systemctl", *words)):
                facts = controlled(facts, tuple(words), kind)
            case RunCommand(("systemd-tmpfiles", *_)):
                made = {path: Status(*kept) for path, kept in DIRECTORIES.items()}
                facts = replace(facts, status={**facts.status, **made})
            case Reboot():
                facts = replace(facts, system=replace(system, dom0=True, under_xen=True))
            case RunCommand(("usermod", *_)):
                groups = facts.login.groups | {"kvm"}
                facts = replace(facts, login=replace(facts.login, groups=groups))
            case RunCommand(("update-grub",)):
                memory = grub.dom0_memory(system.files[GRUB_FILE])
                facts = replace(facts, system=replace(system, boots_xen=True, menu_memory=memory))
            case RunCommand((program, *_)) if program.endswith("sysctl"):
                facts = replace(facts, system=replace(system, forwarding=True))
    return facts


def controlled(facts: Facts, words: tuple[str, ...], kind: Kind) -> Facts:
    """What the host is when systemd has been told that."""
    match words:
        case ("try-reload-or-restart", sshd.UNIT):
            return replace(facts, sshd=replace(facts.sshd, exposes=True))
        case ("enable", "--now", unit):
            return replace(facts, units={**facts.units, unit: Unit(True, True)})
        case ("enable", unit):
            now = replace(facts.units.get(unit, Unit(False, False)), enabled=True)
            return replace(facts, units={**facts.units, unit: now})
        case ("restart", unit):
            return restarted(facts, unit, kind)
    return facts


def restarted(facts: Facts, unit: str, kind: Kind) -> Facts:
    """What the host is when the unit of its bridge has been started."""
    rules = facts.system.files[kind.unit_file]
    words = rules.partition("address replace ")[2].split()
    addresses = {**facts.network.addresses, words[2]: (IPv4Interface(words[0]),)}
    routes = (*facts.network.routes, IPv4Interface(words[0]).network)
    facts = replace(facts, network=Network(addresses, routes, None))
    enabled = facts.units[unit].enabled
    return replace(facts, units={**facts.units, unit: Unit(enabled, True)})


@pytest.mark.parametrize("wishes", [XEN, QEMU, LIBVIRT, XEN_LIBVIRT])
def test_when_all_is_done_there_is_nothing_to_do(wishes: Wishes) -> None:
    facts = fresh_facts()
    steps = plan(facts, wishes)
    assert steps
    done = after(facts, steps, wishes.kind)
    assert plan(done, wishes) == ()


@pytest.mark.parametrize("wishes", [XEN, QEMU, LIBVIRT, XEN_LIBVIRT])
def test_wherever_it_was_broken_off_it_goes_on(wishes: Wishes) -> None:
    facts = fresh_facts()
    steps = plan(facts, wishes)
    for count in range(len(steps)):
        broken_off = after(facts, steps[:count], wishes.kind)
        rest = plan(broken_off, wishes)
        assert rest
        assert plan(after(broken_off, rest, wishes.kind), wishes) == ()


@pytest.mark.parametrize("wishes", [XEN, QEMU])
def test_debian_13_becomes_a_host_as_debian_12_does(wishes: Wishes) -> None:
    facts = fresh_facts("trixie")
    assert (facts.system.release, facts.packages.broken) == ("13", ())
    refuse(facts, wishes.kind, "web1")
    steps = plan(facts, wishes)
    older = fresh_facts()
    older = replace(older, packages=facts.packages)
    assert [shown(step) for step in steps] == [shown(step) for step in plan(older, wishes)]
    assert plan(after(facts, steps, wishes.kind), wishes) == ()


def test_new_settings_of_xen_that_were_broken_off_reach_the_menu() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), XEN), Kind.XEN)
    more = Wishes(Kind.XEN, dom0_memory=1024)
    steps = plan(facts, more)
    rewrite = "have GRUB start Xen: update-grub"
    assert [shown(step).partition(" (")[0] for step in steps] == [
        "write /etc/default/grub.d/fata.cfg",
        rewrite,
        "reboot, so that Xen starts with its new settings",
    ]
    broken_off = after(facts, steps[:1], Kind.XEN)
    assert [shown(step) for step in plan(broken_off, XEN)] == [rewrite]


def test_the_subnet_once_chosen_is_kept_and_another_only_taken_when_asked_for() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    assert facts.network.addresses["fata0"] == (IPv4Interface("10.77.0.1/24"),)
    other = Wishes(Kind.QEMU, subnet=IPv4Network("172.28.0.0/24"))
    assert [shown(step).partition(" (")[0] for step in plan(facts, other)] == [
        "write /etc/systemd/system/fata-network-qemu.service",
        "write /etc/fata/network-qemu.nft",
        "take the bridge's old address away: ip address flush dev fata0",
        "have systemd read its units: systemctl daemon-reload",
        "make the bridge now: systemctl restart fata-network-qemu.service",
    ]


def test_a_subnet_that_is_in_use() -> None:
    here = Network({}, (IPv4Network("10.77.0.0/16"),), None)
    assert network.subnet(here, Kind.QEMU, None) == IPv4Network("10.78.0.0/24")
    with pytest.raises(UserError, match=r"has a route to 10\.77\.0\.0/16, which overlaps"):
        network.subnet(here, Kind.QEMU, IPv4Network("10.77.5.0/24"))
    everywhere = Network({}, (IPv4Network("10.0.0.0/8"),), None)
    with pytest.raises(UserError, match="routes into every network"):
        network.subnet(everywhere, Kind.QEMU, None)


def test_a_file_of_someone_else_is_left_alone() -> None:
    facts = fresh_facts()
    files = {SYSCTL_FILE: "net.ipv4.ip_forward=1\n"}
    facts = replace(
        facts,
        system=replace(facts.system, files=files),
        status={**facts.status, SYSCTL_FILE: Status(0o644, "root")},
    )
    with pytest.raises(UserError, match=r"60-fata\.conf on the host was not written by fata"):
        plan(facts, QEMU)


def test_an_empty_file_is_someone_elses_too() -> None:
    facts = fresh_facts()
    facts = replace(facts, status={**facts.status, GRUB_FILE: Status(0o644, "root")})
    with pytest.raises(UserError, match=r"fata\.cfg on the host was not written by fata"):
        plan(facts, XEN)


def test_the_memory_of_dom0() -> None:
    def chosen(mib: int, wishes: Wishes = XEN) -> int | None:
        facts = fresh_facts()
        facts = replace(facts, system=replace(facts.system, memory=mib << 20))
        first = plan(facts, wishes)[0]
        return grub.dom0_memory(first.content) if isinstance(first, WriteFile) else None

    sizes = [chosen(mib) for mib in (1500, 4000, 16000, 64000)]
    assert sizes == [512, 896, 3968, 4096]
    assert chosen(64000, Wishes(Kind.XEN, dom0_memory=2048)) == 2048


def test_the_memory_of_dom0_is_kept_when_dom0_says_how_much_it_has() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), XEN), Kind.XEN)
    facts = replace(facts, system=replace(facts.system, memory=512 << 20))
    assert plan(facts, XEN) == ()


def test_a_cloud_kernel_cannot_be_dom0() -> None:
    facts = fresh_facts()
    images = {name for name in facts.packages.installed if name.startswith("linux-image")}
    rest = {name: "1" for name in facts.packages.installed if name not in images}
    cloud = {**rest, "linux-image-cloud-amd64": "6.1", "linux-image-6.1.0-56-cloud-amd64": "6.1"}
    facts = replace(facts, packages=replace(facts.packages, installed=cloud))
    steps = [step for step in plan(facts, XEN) if isinstance(step, InstallPackages)]
    packages = ("xen-system-amd64", "nftables", "python3", "git", "age", "linux-image-amd64")
    assert steps == [InstallPackages(packages)]


@pytest.mark.parametrize(
    ("changes", "kind", "what"),
    [
        ({"distribution": "ubuntu", "name": "Ubuntu 24.04"}, Kind.QEMU, "runs Ubuntu 24.04"),
        ({"release": "11"}, Kind.QEMU, "which fata does not set up"),
        ({"init": "sh"}, Kind.QEMU, "was not started by systemd but by `sh`"),
        ({"memory": 256 << 20}, Kind.QEMU, "has 268 MB of memory; 400 MB are needed"),
        ({"memory": 1 << 30}, Kind.XEN, "has 1074 MB of memory; 1500 MB are needed"),
        ({"secure_boot": True}, Kind.XEN, "starts with Secure Boot"),
        ({"under_xen": True}, Kind.XEN, "is a guest of Xen"),
        ({"under_xen": True, "dom0": True}, Kind.QEMU, "runs Xen, under which"),
    ],
)
def test_hosts_that_are_refused(changes: dict[str, object], kind: Kind, what: str) -> None:
    facts = fresh_facts()
    facts = replace(facts, system=replace(facts.system, **changes))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=what) as caught:
        refuse(facts, kind, "web1")
    assert caught.value.what.startswith("web1 ")


def test_more_hosts_that_are_refused() -> None:
    facts = fresh_facts()
    packages = facts.packages
    for changed, what in [
        (replace(facts, packages=replace(packages, architecture="arm64")), "architecture arm64"),
        (replace(facts, packages=replace(packages, broken=("a", "b"))), "half-way: a, b"),
        (replace(facts, packages=replace(packages, installed={})), "does not start by GRUB"),
        (replace(facts, free={"/": 10**10, "/var": 10**7}), "has 10 MB free on /var"),
    ]:
        with pytest.raises(UserError, match=what):
            refuse(changed, Kind.XEN, "web1")
    refuse(facts, Kind.XEN, "web1")
    refuse(facts, Kind.QEMU, "web1")


@pytest.mark.parametrize(
    ("linux", "xen", "dom0"),
    [
        ("quiet", "dom0_mem=512M,max:512M", ""),
        (
            "quiet console=tty0 console=ttyS0,115200n8",
            "dom0_mem=512M,max:512M com1=115200,8n1 console=com1,vga",
            "quiet console=tty0 console=ttyS0,115200n8 console=hvc0",
        ),
    ],
)
def test_xen_has_its_console_where_linux_had_it(
    tmp_path: Path, linux: str, xen: str, dom0: str
) -> None:
    (tmp_path / "fata.cfg").write_text(grub.settings(512))
    names = ("GRUB_CMDLINE_XEN_DEFAULT", "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT")
    printed = "; ".join(f'echo "${name}"' for name in names)
    told = subprocess.run(
        ["sh", "-c", f"GRUB_CMDLINE_LINUX_DEFAULT='{linux}'; . ./fata.cfg; {printed}"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode() == f"{xen}\n{dom0}\n"


def test_every_file_says_whose_it_is() -> None:
    steps = (*plan(fresh_facts(), XEN), *plan(fresh_facts(), QEMU))
    contents = [step.content for step in steps if isinstance(step, WriteFile)]
    assert len(contents) == 15
    assert all(content.startswith(f"# {MARK}") for content in contents)


@pytest.mark.parametrize("name", [Kind.XEN.unit, AGENT])
def test_systemd_understands_the_units(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    net = IPv4Network("10.77.0.0/24")
    path.write_text(layout.agent() if name == AGENT else network.unit(Kind.XEN, net))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, check=False
    )
    said = checked.stderr.decode().splitlines()
    assert [line for line in said if path.name in line and "not executable" not in line] == []


def test_a_host_of_an_older_fata_becomes_one_that_can_be_deployed_to() -> None:
    """It had one directory, of the user's own, and neither a builder nor an agent."""
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    files = {k: v for k, v in facts.system.files.items() if "sysctl" in k or "network" in k}
    facts = replace(
        facts,
        system=replace(facts.system, files=files),
        status={**{path: Status(0o644, "root") for path in files}, STATE: Status(0o750, "admin")},
        units={name: unit for name, unit in facts.units.items() if name != AGENT},
        sshd=fresh_facts().sshd,
    )
    assert [shown(step).partition(" (")[0] for step in plan(facts, QEMU)] == [
        "write /etc/sysusers.d/fata.conf",
        "write /etc/tmpfiles.d/fata.conf",
        "have a user fata-build for builds: systemd-sysusers /etc/sysusers.d/fata.conf",
        "make /var/lib/fata as it should be: systemd-tmpfiles --create /etc/tmpfiles.d/fata.conf",
        "write /etc/systemd/system/fata-agent.service",
        "have systemd read its units: systemctl daemon-reload",
        "start the agent at every start: systemctl enable fata-agent.service",
        "write /etc/ssh/sshd_config.d/60-fata.conf",
        "have sshd say which key an administrator has: systemctl try-reload-or-restart ssh.service",
    ]


def test_a_directory_of_the_wrong_owner_is_put_right() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    keys = {**facts.status, f"{STATE}/keys": Status(0o755, "root")}
    (step,) = plan(replace(facts, status=keys), QEMU)
    assert shown(step).startswith("make /var/lib/fata as it should be: systemd-tmpfiles")
    unknown = {**facts.status, f"{STATE}/build": Status(0o700, "UNKNOWN")}
    first, _ = plan(replace(facts, status=unknown), QEMU)
    assert shown(first) == f"have a user {BUILDER} for builds: systemd-sysusers {SYSUSERS_FILE}"


def test_a_new_unit_of_the_agent_is_taken_up() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    files = {**facts.system.files, AGENT_FILE: f"# {MARK}\n"}
    facts = replace(
        facts,
        system=replace(facts.system, files=files),
        units={**facts.units, AGENT: Unit(True, True)},
    )
    assert [step for step in plan(facts, QEMU) if isinstance(step, RunCommand)] == [
        RunCommand(("systemctl", "daemon-reload"), "have systemd read its units"),
        RunCommand(("systemctl", "restart", AGENT), "start the agent anew"),
    ]


def test_systemd_makes_the_directories(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text(f"root:x:0:0::/:\n{BUILDER}:x:99:99::/:\n")
    (tmp_path / "etc" / "group").write_text(f"root:x:0:\n{BUILDER}:x:99:\n")
    (tmp_path / "fata.conf").write_text(layout.directories())
    command = ["systemd-tmpfiles", "--create", f"--root={tmp_path}", tmp_path / "fata.conf"]
    subprocess.run(command, check=True)
    for path, (mode, _) in DIRECTORIES.items():
        assert (tmp_path / path.lstrip("/")).stat().st_mode & 0o7777 == mode


# -- libvirt ---------------------------------------------------------------------------------------


def with_settings(facts: Facts, content: str) -> Facts:
    files = {**facts.system.files, HOST_FILE: content}
    status = {**facts.status, HOST_FILE: Status(0o644, "root")}
    return replace(facts, status=status, system=replace(facts.system, files=files))


def installed(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(name for step in steps if isinstance(step, InstallPackages) for name in step.names)


def test_a_host_whose_guests_libvirt_runs() -> None:
    facts = fresh_facts()
    more = {*map(shown, plan(facts, LIBVIRT))} - {*map(shown, plan(facts, QEMU))}
    libvirt = "libvirt-daemon-system, libvirt-daemon-driver-qemu, libvirt-clients"
    assert more == {
        f"install qemu-system-x86, {libvirt}, nftables, python3, git, age",
        "have libvirt answer: systemctl enable --now libvirtd.socket",
        "write /var/lib/fata/host.toml (82 bytes), at once",
    }
    assert "libvirt-daemon-log" in installed(plan(fresh_facts("trixie"), LIBVIRT))
    done = after(facts, plan(facts, LIBVIRT), Kind.QEMU)
    assert layout.driver_of(done.system.files[HOST_FILE]) is Driver.LIBVIRT
    assert plan(done, QEMU) == (), "who does not say which driver keeps it"


def test_what_the_host_says_by_hand_is_respected() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    by_hand = with_settings(facts, 'driver = "libvirt"\n')
    for wishes in (QEMU, LIBVIRT):
        install, start = map(shown, plan(by_hand, wishes))
        assert install.startswith("install libvirt-daemon-system, ")
        assert start == "have libvirt answer: systemctl enable --now libvirtd.socket"
    with pytest.raises(UserError, match=r"host\.toml on the host was not written by fata"):
        plan(by_hand, Wishes(Kind.QEMU, driver=Driver.QEMU))


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_a_xen_host_whose_guests_libvirt_runs(release: str) -> None:
    facts = fresh_facts(release)
    more = {*map(shown, plan(facts, XEN_LIBVIRT))} - {*map(shown, plan(facts, XEN))}
    libvirt = "libvirt-daemon-system, libvirt-daemon-driver-xen, libvirt-clients"
    (first,) = (row for row in more if row.startswith("install "))
    assert first.startswith(f"install xen-system-amd64, {libvirt}, nftables, ")
    assert more - {first} == {
        "have libvirt answer: systemctl enable --now libvirtd.socket",
        "write /var/lib/fata/host.toml (82 bytes), at once",
    }
    done = after(facts, plan(facts, XEN_LIBVIRT), Kind.XEN)
    assert plan(done, XEN) == (), "who does not say which driver keeps it"
    (back,) = plan(done, Wishes(Kind.XEN, driver=Driver.XL))
    assert isinstance(back, WriteFile)
    assert (back.path, layout.driver_of(back.content)) == (HOST_FILE, Driver.XL)


def test_a_host_that_becomes_one_of_xen_loses_a_driver_that_xen_has_not() -> None:
    own = layout.settings(Driver.QEMU)
    steps = plan(with_settings(fresh_facts(), own), XEN)
    assert WriteFile(HOST_FILE, layout.settings(Driver.XL), "at once") in steps
    steps = plan(with_settings(fresh_facts(), layout.settings(Driver.LIBVIRT)), XEN)
    assert "libvirt-daemon-driver-xen" in installed(steps)
    assert HOST_FILE not in [step.path for step in steps if isinstance(step, WriteFile)]


@pytest.mark.parametrize("unit", ["libvirtd.socket", "libvirtd.service"])
def test_libvirt_that_answers_is_left_alone(unit: str) -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), LIBVIRT), Kind.QEMU)
    assert plan(replace(facts, units={**facts.units, unit: Unit(False, True)}), QEMU) == ()
    stopped = {**facts.units, "libvirtd.socket": Unit(True, False)}
    (step,) = plan(replace(facts, units=stopped), QEMU)
    assert shown(step) == "have libvirt answer: systemctl enable --now libvirtd.socket"


def test_the_driver_is_changed_back() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), LIBVIRT), Kind.QEMU)
    (step,) = plan(facts, Wishes(Kind.QEMU, driver=Driver.QEMU))
    assert isinstance(step, WriteFile)
    assert (step.path, layout.driver_of(step.content)) == (HOST_FILE, Driver.QEMU)


def test_the_driver_is_not_changed_below_guests_that_may_run() -> None:
    facts = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    facts = replace(facts, units={**facts.units, AGENT: Unit(True, True)})
    with pytest.raises(UserError, match="may run with the driver `qemu`, and `libvirt` would not"):
        plan(facts, LIBVIRT)
    assert plan(facts, Wishes(Kind.QEMU, driver=Driver.QEMU)) == ()


@pytest.mark.parametrize("content", ["", "driver = 7\n", "driver = \n", 'driver = "vm"\n'])
def test_settings_that_say_no_driver(content: str) -> None:
    assert layout.driver_of(content) is None


# -- sshd ------------------------------------------------------------------------------------------

CONFIG = "Include /etc/ssh/sshd_config.d/*.conf\n"


def of_sshd(facts: Facts, config: str, effective: str, variable: str = "") -> list[str]:
    """What is to be done to the sshd of a host that is otherwise as it should be."""
    facts = replace(facts, sshd=parse_sshd(config.splitlines(), effective, variable))
    return [shown(step) for step in plan(facts, QEMU)]


@pytest.mark.parametrize(
    ("config", "included", "decided"),
    [
        (CONFIG, True, False),
        ('include "/etc/ssh/sshd_config.d/*.conf"\n', True, False),
        ("Include=sshd_config.d/*\n", True, False),
        ("#Include /etc/ssh/sshd_config.d/*.conf\n", False, False),
        ("Include /etc/ssh/*.conf\n", False, False),
        (f"Match User bob\n{CONFIG}", False, False),
        (f"ExposeAuthInfo no\n{CONFIG}", True, True),
        ("", False, False),
    ],
)
def test_what_a_configuration_of_sshd_reads(config: str, included: bool, decided: bool) -> None:
    found = parse_sshd(config.splitlines(), "", "")
    assert (found.included, found.decided, found.configured) == (included, decided, None)


def test_sshd_is_told_once_and_only_where_nobody_has_decided() -> None:
    no, yes = "port 22\nexposeauthinfo no\n", "port 22\nexposeauthinfo yes\n"
    write = f"write {SSHD_FILE} (82 bytes), at once, if `/usr/sbin/sshd -t` agrees"
    reload = (
        "have sshd say which key an administrator has: systemctl try-reload-or-restart ssh.service"
    )
    done = after(fresh_facts(), plan(fresh_facts(), QEMU), Kind.QEMU)
    files = {path: text for path, text in done.system.files.items() if path != SSHD_FILE}
    status = {path: one for path, one in done.status.items() if path != SSHD_FILE}
    fresh = replace(done, status=status, system=replace(done.system, files=files))
    assert of_sshd(fresh, CONFIG, no) == [write, reload]
    assert of_sshd(fresh, CONFIG, yes) == [], "its administrator has seen to it"
    assert of_sshd(fresh, f"{CONFIG}ExposeAuthInfo no\n", no) == []
    assert of_sshd(fresh, "", no) == [], "it would not read the file"
    assert of_sshd(fresh, CONFIG, "") == [], "its files are in error, or it is another sshd"
    assert of_sshd(done, CONFIG, yes, "/tmp/sshauth.x") == []
    assert of_sshd(done, CONFIG, yes) == [reload], "it was broken off before"
    assert of_sshd(done, CONFIG, no) == [], "an earlier file says otherwise"

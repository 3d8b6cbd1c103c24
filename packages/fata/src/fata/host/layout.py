"""What `fata host setup` prepares for deployments: directories, a user for builds, a unit.

Each is a file of systemd's own (tmpfiles.d(5), sysusers.d(5), systemd.unit(5)), so that they are
made again should someone remove them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from fata.host.kind import GRUB_FILE, HEAD, STATE, SYSCTL_FILE, Driver, Kind
from fata.host.sshd import SSHD_FILE

BUILDER = "fata-build"
"""The user that builds what is pushed; nobody logs in as it."""

SYSUSERS_FILE = "/etc/sysusers.d/fata.conf"
TMPFILES_FILE = "/etc/tmpfiles.d/fata.conf"
AGENT = "fata-agent.service"
AGENT_FILE = f"/etc/systemd/system/{AGENT}"
LAUNCHER = f"{STATE}/bin/fata"
SETTINGS = "host.toml"
HOST_FILE = f"{STATE}/{SETTINGS}"
"""What the agent reads its driver from."""

DIRECTORIES: Mapping[str, tuple[int, str]] = {
    # All may pass through, so that builds reach the tool and their own directory.
    STATE: (0o751, "root"),
    f"{STATE}/bin": (0o755, "root"),
    f"{STATE}/build": (0o700, BUILDER),
    f"{STATE}/guests": (0o751, "root"),
    f"{STATE}/keys": (0o700, "root"),
    f"{STATE}/repositories": (0o750, "root"),
    f"{STATE}/secrets": (0o700, "root"),
    f"{STATE}/store": (0o751, "root"),
    f"{STATE}/tool": (0o755, "root"),
    # libvirt's QEMU has to get to the volumes that libvirt gives it.
    f"{STATE}/volumes": (0o711, "root"),
}
"""The mode and the owner of each directory of a host, parents first."""

OWN_FILES = (
    GRUB_FILE,
    SYSCTL_FILE,
    SYSUSERS_FILE,
    TMPFILES_FILE,
    AGENT_FILE,
    HOST_FILE,
    SSHD_FILE,
    *(kind.unit_file for kind in Kind),
    *(kind.rules_file for kind in Kind),
)
"""All files that fata writes on hosts."""


def users() -> str:
    """`users()` is for sysusers.d(5)."""
    return f'{HEAD}u {BUILDER} - "Builds of fata" {STATE}/build /usr/sbin/nologin\n'


def directories() -> str:
    """`directories()` is for tmpfiles.d(5): made at every start, and never emptied."""
    lines = (
        f"d {path} {mode:04o} {owner} {owner}\n" for path, (mode, owner) in DIRECTORIES.items()
    )
    return HEAD + "".join(lines)


def settings(driver: Driver) -> str:
    """`settings(driver)` is for the agent: what is to run its guests."""
    return f'{HEAD}driver = "{driver.value}"\n'


def driver_of(content: str) -> Driver | None:
    """`driver_of(content)` is the driver that settings name, as far as they can be understood."""
    try:
        return Driver(tomllib.loads(content).get("driver", ""))
    except ValueError:
        return None


def agent() -> str:
    """`agent()` is the unit of the supervisor, which waits until fata itself is on the host.

    What it may not do is what guests need not either: it makes network interfaces, starts QEMU
    and talks to Xen. Guests are left running when it ends. With exit code 2 it does not
    understand how it was called, and calling it again would not help.
    """
    return f"""\
{HEAD}[Unit]
Description=Guests of fata: what should run, runs
After=network-online.target nftables.service libvirtd.service xen.service xendomains.service
After=fata-network-qemu.service fata-network-xen.service
Wants=network-online.target
ConditionPathExists={LAUNCHER}
StartLimitIntervalSec=0

[Service]
ExecStart={LAUNCHER} agent supervise
Restart=always
RestartSec=2
RestartPreventExitStatus=2 127
KillMode=process
UMask=0027
NoNewPrivileges=yes
LockPersonality=yes
PrivateTmp=yes
ProtectClock=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectSystem=full
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""

"""A host in a room of its own: namespaces of this machine, with a real sshd, bridge and nftables.

What a client does there is what it does with any machine: `ssh box`. The first process of the room
is its init; when it ends, all that runs there does, as by a power cut.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fata.deploy.audit.seal import unseal
from tests.brought import UV_SETTINGS, copy_kernels, fetch_wheels

from .client import FATA, Client, make_key

__all__ = ["FATA", "Room", "until"]

BRIDGE, ADDRESS = "fata0", "10.77.0.1/24"
TENANT, TENANT_ID, TENANT_HOME = "tenant", 64200, Path("/run/tenant")
"""Who has a host of their own without being root."""
BUILDER_ID = 64100
"""Of `fata-build`, whom `fata host setup` makes with sysusers.d(5)."""

_INIT = """
import signal, subprocess, sys
def run(*words): subprocess.run(words, check=True)
state, home, etc, where, bridge, address = sys.argv[1:7]
own = f"lowerdir=/etc,upperdir={etc}/own,workdir={etc}/work"
run("mount", "-t", "overlay", "-o", own, "etc", "/etc")
run("ip", "link", "set", "lo", "up")
if bridge:
    open("/proc/sys/net/ipv4/ip_forward", "w").write("1")
    run("ip", "link", "add", bridge, "type", "bridge")
    run("ip", "address", "add", address, "dev", bridge)
    run("ip", "link", "set", bridge, "up")
run("mount", "-t", "sysfs", "none", "/sys")
run("mount", "-t", "tmpfs", "none", "/run")
run("mkdir", "-p", "/run/sshd", where)
run("mount", "--bind", home, "/root")
run("mount", "--bind", state, where)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as init: what is orphaned is reaped
print("ready", flush=True)
while True:
    signal.pause()
"""


class Room(Client):
    """`Room(directory)` is a host, and a client with a key for it.

    With `rootless` the client logs in as an ordinary user, who has no bridge.
    """

    def __init__(self, directory: Path, *, rootless: bool = False) -> None:
        name = "shed" if rootless else "box"
        super().__init__(directory / "client", directory / "bin", name)
        self.directory = directory
        self.rootless = rootless
        self._init: subprocess.Popen[str] | None = None
        for part in ("state", "root", "etc/own", "etc/work", "client", "bin", "cache"):
            (directory / part).mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)
        self._prepare()

    def __enter__(self) -> Room:
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    def power_on(self) -> None:
        """Start the host."""
        words = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
        bridge = () if self.rootless else (BRIDGE, ADDRESS)
        self._init = subprocess.Popen(
            [
                *(*words, sys.executable, "-IBc", _INIT, str(self.directory / "state")),
                *(str(self.directory / "root"), str(self.directory / "etc")),
                *(str(TENANT_HOME if self.rootless else self.where), *(bridge or ("", ""))),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._init.stdout is not None
        assert self._init.stdout.readline() == "ready\n"
        if not self.rootless:
            # What `fata host setup` makes.
            (self.directory / "state" / "guests").mkdir(exist_ok=True)
            (self.directory / "state" / "build").mkdir(mode=0o700, exist_ok=True)
            os.chown(self.directory / "state" / "build", BUILDER_ID, BUILDER_ID)
        # A connection is an sshd of its own, on the pipes of the client's ssh: no port is used.
        enter = self.directory / "enter"
        sshd = shutil.which("sshd", path="/usr/sbin:/sbin")
        words = shlex.join(
            (*self.enter_words, str(sshd), "-i", "-f", f"{self.directory}/sshd_config")
        )
        enter.write_text(f"#!/bin/sh\nexec {words}\n")
        enter.chmod(0o755)

    def power_off(self) -> None:
        """Pull the plug: everything that runs there is killed."""
        if self._init is not None:
            self._init.kill()
            self._init.wait()
            assert self._init.stdout is not None
            self._init.stdout.close()
            self._init = None
        for path in sorted(self.state.glob("audit.log*")):
            unseal(path)  # or its directory could not be removed

    @property
    def where(self) -> Path:
        """Where fata keeps its things on the host."""
        return TENANT_HOME / ".local/share/fata" if self.rootless else Path("/var/lib/fata")

    @property
    def pid(self) -> int:
        """The init of the host, as this machine numbers it."""
        assert self._init is not None
        children = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text()
        return int(children.split()[0])

    @property
    def state(self) -> Path:
        """What is at `where` there."""
        return self.directory / "state" / (".local/share/fata" if self.rootless else "")

    def inside(self, *words: str, check: bool = True) -> str:
        """What a program says that runs on the host, as its root."""
        done = subprocess.run(
            [*self.enter_words, *words], capture_output=True, text=True, check=check, timeout=120
        )
        return done.stdout

    def get(self, port: int = 8080) -> str:
        """What the port of the host answers to one who is on it; why not, where it does not."""
        url = f"http://127.0.0.1:{port}/"
        return self.inside("curl", "-sS", "-m", "5", url, check=False).strip()

    def visitor(self, name: str) -> Client:
        """Another client, with a home and a key of their own, which opens nothing yet."""
        home = self.directory / name
        made = Client(home, home / "bin", self.name)
        self._know(made, "root")
        return made

    def guests(self) -> list[int]:
        """The QEMUs of the host, as this machine numbers them."""
        namespace = Path(f"/proc/{self.pid}/ns/pid").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    same = (entry / "ns" / "pid").readlink() == namespace
                except OSError:
                    continue
                if same and words[0].startswith(b"qemu-system"):
                    found.append(int(entry.name))
        return found

    def give_kernels(self, app: str) -> None:
        """What a host gets from apt for the builds of an app, and a room cannot."""
        copy_kernels(self.state, app, ("tiny-virtio-", "debian-cloud-"))
        build = self.state / "build"
        owner = TENANT_ID if self.rootless else BUILDER_ID
        for path in (build, *sorted(build.rglob("*"))):
            os.chown(path, owner, owner)

    def give_wheels(self, *requirements: str) -> None:
        """What a host gets from a package index, and a room cannot: uv finds it in a directory."""
        fetch_wheels(self.state, *requirements)
        take = 'mkdir -p /etc/uv && printf %s "$1" >/etc/uv/uv.toml && cp -r "$2" /etc/uv'
        self.inside("sh", "-c", take, "sh", UV_SETTINGS, f"{self.where}/wheels")

    def supervise(self) -> None:
        """Start the supervisor, as systemd does when a host starts."""
        launcher = f"{self.where}/bin/fata"
        script = f"exec {launcher} agent --root {self.where} supervise >/dev/null 2>&1"
        user = ("setpriv", f"--reuid={TENANT_ID}", f"--regid={TENANT_ID}", "--clear-groups")
        self.inside(*(user if self.rootless else ()), "setsid", "--fork", "sh", "-c", script)

    @property
    def enter_words(self) -> tuple[str, ...]:
        """What runs a program there, as root."""
        return ("nsenter", "--net", "--mount", "--pid", "--target", str(self.pid))

    def _prepare(self) -> None:
        users = (
            ("fata-build", BUILDER_ID, "/var/lib/fata/build:/usr/sbin/nologin"),
            (TENANT, TENANT_ID, f"{TENANT_HOME}:/bin/sh"),
        )
        lines = {
            "passwd": [f"{name}:*:{number}:{number}::{rest}\n" for name, number, rest in users],
            "group": [f"{name}:*:{number}:\n" for name, number, _ in users],
        }
        for file, added in lines.items():
            text = Path("/etc", file).read_text().rstrip()
            (self.directory / "etc" / "own" / file).write_text("\n".join((text, "".join(added))))
        make_key(self.directory / "host")
        self._know(self, TENANT if self.rootless else "root")
        keys = self.directory / "keys"
        shutil.copy(self.public, keys)
        keys.chmod(0o644)
        if self.rootless:
            own = self.directory / "state" / ".ssh"
            own.mkdir(exist_ok=True)
            shutil.copy(keys, own / "authorized_keys")
            for path in (own.parent, own, own / "authorized_keys"):
                os.chown(path, TENANT_ID, TENANT_ID)
        (self.directory / "sshd_config").write_text(
            f"HostKey {self.directory}/host\n"
            f"AuthorizedKeysFile {keys} {self.directory}/gated .ssh/authorized_keys\n"
            "StrictModes no\nPermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n"
            "MaxSessions 100\n"
        )

    def _know(self, client: Client, user: str) -> None:
        host_key = (self.directory / "host.pub").read_text().split()[:2]
        client.know(self.directory / "enter", user, host_key)


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until the condition holds; fail where it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)

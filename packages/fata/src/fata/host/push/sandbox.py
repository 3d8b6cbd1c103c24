"""Running what was pushed: as a user without rights, with limits, without a network.

Each command has namespaces (unshare(1)) of its own, whose files are those of
`fata.host.push.view`. With systemd as PID 1 it is a transient unit (systemd-run(1)), too, and its
limits hold for all its processes together. Without it, or without root, rlimits (prlimit(1)) take
their place, which hold for each process.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fata.called import called
from fata.complaint import complaint
from fata.host.layout import BUILDER
from fata.host.push import enclose
from fata.host.push.interpreter import python
from fata.host.push.limits import MIB, Limits
from fata.host.push.view import view_of
from fata.host.push.watch import Watch, pass_on
from functoria.error import UserError


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`Sandbox(name, directory, user, systemd, limits)` is where commands of one app run.

    They can write to `directory`, which is ROOT/build/NAME, and nowhere else that lasts. `user` is
    who they run as; `None` where we are not root, and they are ours.
    """

    name: str
    directory: Path
    user: str | None
    systemd: bool
    limits: Limits = field(default_factory=Limits)

    def command(
        self,
        arguments: Sequence[str],
        work: Path,
        environment: Mapping[str, str],
        *,
        network: bool,
    ) -> tuple[str, ...]:
        """`command(arguments, work, environment, network=...)` is the argument list to run."""
        unit = _unit(self) if self.systemd else ()
        settings = (f"{name}={value}" for name, value in sorted(environment.items()))
        words = _namespaces(self, work, network)
        return (*unit, *words, "env", "-i", *settings, *arguments)

    def inside(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """`inside(arguments)` is the argument list to run a program of the host as the builder.

        It sees what builds see, whatever they have put in its way; it is not part of a unit.
        """
        return (*_namespaces(self, self.directory, network=False), *arguments)

    def run(
        self,
        arguments: Sequence[str],
        work: Path,
        environment: Mapping[str, str],
        report: Callable[[str], None],
        *,
        network: bool = False,
    ) -> int:
        """`run(arguments, work, environment, report)` is the command's exit code.

        What it prints is reported line by line, without what could disturb a terminal. Raises
        `UserError` where it goes beyond a limit.
        """
        command = self.command(arguments, work, environment, network=network)
        self.end()
        with subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as child:
            beyond = self._attend(child, report)
            code = child.wait()
        if beyond is not None:
            raise beyond
        return code

    def _attend(
        self, child: subprocess.Popen[bytes], report: Callable[[str], None]
    ) -> UserError | None:
        """Report what it prints until it ends, or is ended for what it went beyond."""
        watch = Watch(child, self)
        try:
            pass_on(child, report)
            child.wait()
        finally:
            watch.close()
            try:
                killed = self._out_of_memory()
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                self.end()
        if watch.beyond is None and killed:
            return UserError(
                f"the build needed more than {self.limits.memory} MiB of memory",
                self.name,
                "make it need less, or build elsewhere and use `fata deploy`",
            )
        return watch.beyond

    def _out_of_memory(self) -> bool:
        """Whether systemd says that the kernel ended the command for its memory."""
        if not self.systemd:
            return False
        shown = called(("systemctl", "show", "--property=Result", "--value", self.unit))
        return shown.out.strip() == b"oom-kill"

    def end(self) -> None:
        """End what an earlier command may have left: its caller may have been killed."""
        if self.systemd:
            for verb in ("stop", "reset-failed"):
                called(("systemctl", verb, self.unit))

    @property
    def root(self) -> Path:
        """Where fata keeps its things on this host."""
        return self.directory.parent.parent

    @property
    def unit(self) -> str:
        """The transient unit; there is one at a time."""
        return f"fata-build-{self.name}.service"


def builder() -> str | None:
    """`builder()` is the user that builds here: one without rights, or ours where we have none.

    Raises `UserError` where we are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(BUILDER).pw_name
    except KeyError:
        raise UserError(
            f"there is no user `{BUILDER}` on this host, as whom builds run",
            None,
            "run `fata host setup` for it again",
        ) from None


def sandbox(name: str, directory: Path, user: str | None, limits: Limits) -> Sandbox:
    """`sandbox(name, directory, user, limits)` is the best that this host offers.

    Raises `UserError` where there is none.
    """
    if not all(map(shutil.which, ("unshare", "prlimit", "setpriv"))):
        raise UserError(
            "builds cannot be kept apart on this host: there is no `unshare`",
            None,
            "install `util-linux`",
        )
    running = Path("/run/systemd/system").is_dir() and shutil.which("systemd-run") is not None
    return Sandbox(name, directory, user, running and user is not None, limits)


def check(sandbox: Sandbox) -> None:
    """Raise `UserError` where this host cannot keep a build apart; its directory has to be there.

    Not every kernel lets users make namespaces, and not all that do let them mount there.
    """
    done = called(sandbox.inside(("true",)))
    if done.code != 0:
        raise UserError(
            f"builds cannot be kept apart on this host: {complaint(done.err)}",
            None,
            "it takes Linux 5.12, and that users may make namespaces: `sysctl "
            "kernel.unprivileged_userns_clone=1`, on Ubuntu "
            "`kernel.apparmor_restrict_unprivileged_userns=0`; else set the host up as root",
        )


def _unit(sandbox: Sandbox) -> tuple[str, ...]:
    limits = sandbox.limits
    properties = {
        "RuntimeMaxSec": f"{limits.seconds:.0f}",
        "KillSignal": "SIGKILL",
        "MemoryMax": f"{limits.memory}M",
        "MemorySwapMax": "0",
        "OOMPolicy": "stop",
        "TasksMax": str(limits.processes),
        "CPUWeight": "20",
        "IOWeight": "20",
        "NoNewPrivileges": "yes",
        "ProtectClock": "yes",
        "ProtectKernelLogs": "yes",
        "ProtectKernelModules": "yes",
        "RestrictSUIDSGID": "yes",
        "UMask": "0022",
    }
    return (
        *("systemd-run", "--quiet", "--wait", "--pipe", f"--unit={sandbox.unit}"),
        *(f"--property={name}={value}" for name, value in properties.items()),
        "--",
    )


def _namespaces(sandbox: Sandbox, work: Path, network: bool) -> tuple[str, ...]:
    limits = sandbox.limits
    apart = ("--ipc", "--uts", *(() if network else ("--net",)))
    processes = ("--pid", "--fork", "--kill-child=KILL", "--mount-proc")
    who = ["setpriv", "--no-new-privs", "--pdeathsig=KILL", "--bounding-set=-all"]
    who += ["--inh-caps=-all", "--ambient-caps=-all"]
    if sandbox.user is None:
        apart = ("--user", "--map-current-user", "--keep-caps", *apart)
    else:
        who += [f"--reuid={sandbox.user}", f"--regid={sandbox.user}", "--clear-groups"]
    view = {
        **asdict(view_of(sandbox.root, sandbox.directory)),
        "mib": max(limits.memory // 4, 1),
        "work": str(work),
        "alone": not network,
    }
    return (
        *("setpriv", "--pdeathsig=KILL", "unshare", *apart, *processes),
        *(python(), "-IBS", enclose.__file__, json.dumps(view)),
        *("prlimit", "--core=0", f"--fsize={limits.disk * MIB}", *_alone(sandbox)),
        *(*who, "--"),
    )


def _alone(sandbox: Sandbox) -> tuple[str, ...]:
    """For each process what a unit limits for all of them."""
    if sandbox.systemd:
        return ()
    limits = sandbox.limits
    memory, processes = f"--as={limits.memory * MIB}", f"--nproc={limits.processes}"
    return (memory, processes, f"--cpu={limits.seconds:.0f}")

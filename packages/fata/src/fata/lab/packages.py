"""Which Debian packages a Xen host is made of, and fetching them through the host's own apt.

Nothing is installed and no root is needed: apt plans an installation on an empty system, and what
we use of it is downloaded and verified by apt against its signed index (apt-get(8)).
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from fata.child import tied
from fata.kernel import apt
from fata.kernel.tool import need, run
from fata.lab import tools
from functoria.error import UserError

TOOLS = (
    "bash",
    "busybox-static",
    "dash",
    "iproute2",
    "mount",
    "openssh-server",
    "openssh-sftp-server",
    "util-linux",
    "xenstore-utils",
    *tools.PACKAGES,
)
"""What the host needs besides Xen and a kernel; `mount` has `losetup`, `util-linux` has `flock`."""

KERNELS = ("linux-image-amd64", "linux-image-generic")
"""Debian's and Ubuntu's kernels with a dom0 in them; their cloud kernels have none."""

_XEN = r"xen-hypervisor-(\d+\.\d+)-amd64"
_OURS = re.compile(rf"linux-(?:image|modules)-(?!extra)|xen-|{tools.PARTS}")
_LIBRARY = re.compile(r"z?lib(?!perl|python|klibc)")
_LINE = re.compile(r"'[^']+' ([a-z0-9.+-]+)_([^_ ]+)_(amd64|all)\.deb ([0-9]+) .*")
_NEWS = 5.0  # seconds between words about a download


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """`Choice(name, version, size)` is a package that apt would install; `size` is in bytes."""

    name: str
    version: str
    size: int

    @property
    def is_kernel(self) -> bool:
        """Whether it has the kernel or its modules."""
        return self.name.startswith("linux-")


@dataclass(frozen=True, slots=True)
class Plan:
    """`Plan(xen, choices)` is the packages to make a host of; `xen` is a version such as 4.17."""

    xen: str
    choices: tuple[Choice, ...]

    @property
    def size(self) -> int:
        """What is to be downloaded, in bytes."""
        return sum(choice.size for choice in self.choices)


def plan(scratch: Path) -> Plan:
    """`plan(scratch)` is what apt would install now on an empty system, as far as we use it.

    apt keeps its notes below the directory `scratch`. Raises `UserError` where there is no apt,
    or where it does not know the packages.
    """
    hypervisor = apt.newest(_XEN)
    if hypervisor is None:
        raise UserError(
            "apt offers no package `xen-hypervisor-X.Y-amd64`",
            None,
            "run `apt update`; the package is in the main archive of Debian and in Ubuntu's "
            "universe",
        )
    match = re.fullmatch(_XEN, hypervisor)
    xen = match[1] if match else ""
    wanted = (*TOOLS, hypervisor, f"xen-utils-{xen}", _kernel())
    (scratch / "archives" / "partial").mkdir(parents=True)
    (scratch / "status").touch()
    options = {
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch,
        "Dir::Cache::archives": scratch / "archives",
        "Debug::NoLocking": "true",
        "APT::Install-Recommends": "false",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    program = need("apt-get", "apt", "the Xen host is made of Debian's packages")
    output = run(
        [program, *words, "--print-uris", "-qq", "-y", "install", *wanted], None, apt.REFRESH
    )
    return Plan(xen, _chosen(output, frozenset(wanted)))


def fetch(plan: Plan, directory: Path, report: Callable[[str], None]) -> None:
    """`fetch(plan, directory, report)` downloads all packages of the plan into `directory`."""
    report(f"fetching {len(plan.choices)} packages, {plan.size / 1e6:.0f} MB")
    program = need("apt-get", "apt", "the Xen host is made of Debian's packages")
    names = [f"{choice.name}={choice.version}" for choice in plan.choices]
    with subprocess.Popen(
        [program, "-qq", "-o", "APT::Sandbox::User=", "download", *names],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=tied(),  # noqa: PLW1509 - it must not outlive us
    ) as child:
        try:
            errors = _watch(child, plan.size, directory, report)
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        last = "; ".join(errors.strip().splitlines()[-3:])
        raise UserError(f"apt could not fetch the packages: {last}", None, apt.REFRESH)


def _watch(
    child: subprocess.Popen[str], size: int, directory: Path, report: Callable[[str], None]
) -> str:
    told = time.monotonic()
    while True:
        try:
            return child.communicate(timeout=_NEWS)[1]
        except subprocess.TimeoutExpired:
            if time.monotonic() - told >= _NEWS:
                told = time.monotonic()
                done = sum(_size(path) for path in directory.rglob("*.deb*"))
                report(f"fetched {done / 1e6:.0f} of {size / 1e6:.0f} MB")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # renamed meanwhile
        return 0


def _kernel() -> str:
    for name in KERNELS[:-1]:
        try:
            return apt.candidate(name).name
        except UserError:
            continue
    return KERNELS[-1]


def _chosen(output: str, wanted: Iterable[str]) -> tuple[Choice, ...]:
    """What we use of the plan that apt printed: what was asked for, and libraries.

    The rest is scripts, data and documentation for systems that are administered.
    """
    found = set()
    for line in output.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, architecture = match[1], match[3]
        library = architecture == "amd64" and _LIBRARY.match(name)
        if name in wanted or _OURS.match(name) or library:
            found.add(Choice(name, unquote(match[2]), int(match[4])))
    if not found:
        raise UserError("apt printed no plan that can be understood", None, apt.REFRESH)
    return tuple(sorted(found))

"""Starting the keeper of a guest so that it outlives us: as a unit of systemd's, or detached."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fata.called import called
from fata.deploy.drivers import cgroup
from fata.deploy.drivers.spec import GuestSpec
from functoria.error import UserError

LOG = "keeper.log"
"""What a keeper without systemd complains of, in the directory of its guest."""
_SYSTEMD = Path("/run/systemd/system")
_PLACES = ("HOME", "XDG_CACHE_HOME")
"""The variables that say where a user's files are, XDG Base Directory."""


class Launcher(Protocol):
    """A way to start keepers, and what limits go with it."""

    @property
    def obstacle(self) -> str:
        """Why limits cannot be enforced, where they cannot."""
        ...

    def enforceable(self) -> frozenset[str]:
        """The limits, of `cpu` and `memory`, that can be enforced."""
        ...

    def launch(self, spec: GuestSpec, label: str) -> None:
        """Start a keeper with that argument. Raises `UserError`."""
        ...

    def forget(self, directory: Path) -> None:
        """Remove what is left of the keeper that a guest had."""
        ...


def launcher(keeper: tuple[str, ...], systemd: Path = _SYSTEMD) -> Launcher:
    """`launcher(keeper)` is the way of this host: systemd's where it runs and we are root."""
    if systemd.is_dir() and os.geteuid() == 0 and shutil.which("systemd-run"):
        return Units(keeper, keeper_environment())
    return Detached(keeper, keeper_environment())


def default_python() -> tuple[str, ...]:
    """`default_python()` is the Python that runs us, which finds this fata where we did."""
    return (sys.executable, "-P")


def keeper_environment() -> dict[str, str]:
    """`keeper_environment()` is what a keeper has to know: where modules and labs are."""
    folders = [path for path in sys.path if path and Path(path).is_dir()]
    path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    places = {name: os.environ[name] for name in _PLACES if name in os.environ}
    modules = {"PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"}
    return {"PATH": path, **modules, **places}


class Detached:
    """`Detached(keeper, environment)` starts keepers as processes in sessions of their own."""

    obstacle = "it takes a writable control group, and those of this host are not ours"

    def __init__(self, keeper: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._keeper = keeper
        self._environment = environment

    def enforceable(self) -> frozenset[str]:
        """See `Launcher.enforceable`."""
        return cgroup.enforceable()

    def launch(self, spec: GuestSpec, label: str) -> None:
        """See `Launcher.launch`. A process in between ends at once: the keeper is init's."""
        try:
            with (spec.directory / LOG).open("wb") as log:
                words = ("setsid", "--fork", *self._keeper, label)
                done = called(words, cwd="/", environment=self._environment, log=log)
        except OSError as error:
            raise _not_launched((error.strerror or str(error)).lower()) from error
        if done.code:
            raise _not_launched(f"`setsid` failed with {done.code}")

    def forget(self, directory: Path) -> None:
        """See `Launcher.forget`: it leaves nothing."""


class Units:
    """`Units(keeper, environment)` starts keepers as transient units of systemd's.

    Their limits are the unit's, and the end of the host asks the guests to end, which have `grace`
    seconds for it.
    """

    obstacle = ""

    def __init__(
        self, keeper: tuple[str, ...], environment: Mapping[str, str], grace: float = 10.0
    ) -> None:
        self._keeper = keeper
        self._environment = environment
        self._grace = grace

    def enforceable(self) -> frozenset[str]:
        """See `Launcher.enforceable`."""
        return frozenset({"cpu", "memory"})

    def launch(self, spec: GuestSpec, label: str) -> None:
        """See `Launcher.launch`."""
        done = called((*self.command(spec), *self._keeper, label))
        if done.code:
            said = done.err.decode(errors="replace").strip()[:400]
            raise _not_launched(said or f"code {done.code}")

    def command(self, spec: GuestSpec) -> list[str]:
        """`command(spec)` is what the keeper's own command is appended to (systemd-run(1))."""
        limits = spec.limits
        properties = [
            "Type=exec",
            f"Description=fata guest {spec.name}",
            "KillMode=mixed",
            f"TimeoutStopSec={self._grace:g}",
            "OOMPolicy=continue",
            "Slice=fata.slice",
        ]
        if limits.cpu is not None:
            properties.append(f"CPUQuota={max(1, round(limits.cpu * 100))}%")
        if limits.memory is not None:
            # The keeper is in the unit too, and must not be what is killed for the guest's hunger.
            properties.append(f"MemoryMax={limits.memory + KEEPER_MEMORY}M")
        return [
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={unit(spec.directory)}",
            *(f"--property={each}" for each in properties),
            *(f"--setenv={key}={value}" for key, value in sorted(self._environment.items())),
            "--",
        ]

    def forget(self, directory: Path) -> None:
        """See `Launcher.forget`. A unit that failed would keep its name."""
        with contextlib.suppress(OSError, UserError):
            for verb in ("stop", "reset-failed"):
                called(("systemctl", verb, unit(directory)))


KEEPER_MEMORY = 48
"""MiB for the keeper itself."""


def unit(directory: Path) -> str:
    """`unit(directory)` is the name of a guest's unit, which only letters and dots are left in."""
    name = re.sub(r"[^A-Za-z0-9.-]", "-", directory.name)
    return f"fata-guest-{name}-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:8]}.service"


def _not_launched(why: str) -> UserError:
    return UserError(
        f"the keeper of the guest cannot be started: {why}",
        None,
        "see that the host has memory and processes left, and that its systemd is well",
    )

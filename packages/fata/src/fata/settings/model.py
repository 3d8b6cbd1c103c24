"""What `fata.toml` says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from fata.settings.commandline import CommandLine
from fata.settings.nearest import nearest
from fata.settings.port import Port
from functoria.error import UserError

PRODUCTION = "production"
"""The environment that there is without being written."""
MAIN = "main"


class Kind(StrEnum):
    """How a guest is asked whether it is healthy."""

    HTTP = "http"
    TCP = "tcp"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`Pipeline(...)` is what happens to a commit before it may run anywhere.

    `setup` and `test` are command lines, run in order in a clean checkout. `targets` is what is
    built, `None` for the target that is configured. With `reproducible` everything is built
    twice, and must come out the same.
    """

    setup: tuple[CommandLine, ...] = ()
    test: tuple[CommandLine, ...] = ()
    targets: tuple[str, ...] | None = None
    reproducible: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """`Health(kind, port, ...)` is when a guest counts as healthy.

    `port` is the guest's, `None` for `Kind.CONSOLE`. HTTP: `path` answers with `status`, and with
    `text` in its body if that is given. Console: a line contains `text`, or, without one, the
    guest runs. `successes` answers in a row are needed, `interval` seconds apart, each within
    `timeout` seconds, all within `deadline` seconds of the start. Afterwards connections to the
    release before have `drain` seconds to end.
    """

    kind: Kind
    port: int | None = None
    path: str = "/"
    status: int = 200
    text: str | None = None
    successes: int = 3
    interval: float = 1.0
    timeout: float = 5.0
    deadline: float = 60.0
    drain: float = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`Limits(cpu, io)` is how much of the host a guest may take; `None` is without limit.

    `cpu` is a fraction of one CPU, `io` bytes per second from and to disks.
    """

    cpu: float | None = None
    io: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """`Environment(name, ...)` is one place where the program runs.

    `branch` is the branch whose commits are deployed there, `None` if none is. `host` is what
    ssh(1) reaches, `None` where it is said on the command line only. `arguments` are boot
    arguments. `memory` is in MiB and, as `cpus`, `None` for what the build says. `keep` is how
    many generations can be rolled back to.
    """

    name: str
    branch: str | None = None
    host: str | None = None
    arguments: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    memory: int | None = None
    cpus: int | None = None
    keep: int = 3
    health: Health = Health(Kind.CONSOLE)
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Settings:
    """`Settings(app, pipeline, environments)` is `fata.toml`, or what holds without one.

    `app` is `None` for the name that the configuration registers. `environments` are in the
    order of the file. `file` is how messages name the file.
    """

    app: str | None = None
    pipeline: Pipeline = Pipeline()
    environments: tuple[Environment, ...] = field(
        default_factory=lambda: (Environment(PRODUCTION, branch=MAIN),)
    )
    file: str = "fata.toml"

    def environment(self, name: str = PRODUCTION) -> Environment:
        """`settings.environment(name)` is the environment of that name. Raises `UserError`."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        names = [environment.name for environment in self.environments]
        raise UserError(
            f"there is no environment `{name[:64]}`",
            self.file,
            f"{nearest(name, names, 'the environments')}; or add `[environments.NAME]` there",
        )

    def for_branch(self, branch: str) -> Environment | None:
        """`settings.for_branch(branch)` is where commits of the branch are deployed, if at all."""
        for environment in self.environments:
            if environment.branch == branch:
                return environment
        return None

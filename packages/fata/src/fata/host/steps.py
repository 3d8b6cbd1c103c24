"""What is done to a host, as data: shown, or done."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from fata.host.destination import Destination


@dataclass(frozen=True, slots=True)
class InstallPackages:
    """Have the host's own apt install packages, without those that they only recommend."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Make `path` hold `content`, wholly or not at all. It is ours: the planner has seen to that.

    `since` says when it takes effect. With a `check`, the file is taken away again if that command
    fails.
    """

    path: str
    content: str
    since: str
    mode: int = 0o644
    check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a command as root; `purpose` says what for. The planner knows that it is needed.

    What it does may show only `at_login`, from the next one on.
    """

    arguments: tuple[str, ...]
    purpose: str
    at_login: bool = False


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start the host anew, and wait for it; without the user's word it is only advised."""

    purpose: str


Step = InstallPackages | WriteFile | RunCommand | Reboot


def shown(step: Step) -> str:
    """`shown(step)` is the step as a line for its reader."""
    match step:
        case InstallPackages():
            return f"install {', '.join(step.names)}"
        case WriteFile():
            check = f", if `{shlex.join(step.check)}` agrees" if step.check else ""
            return f"write {step.path} ({len(step.content.encode())} bytes), {step.since}{check}"
        case RunCommand():
            return f"{step.purpose}: {shlex.join(step.arguments)}"
        case Reboot():
            return f"reboot, {step.purpose}"


def setup_command(destination: Destination, kind: str) -> str:
    """`setup_command(destination, kind)` is what the user types to set the host up."""
    port = "" if destination.port is None else f" --port {destination.port}"
    identity = destination.identity
    key = "" if identity is None else f" --identity {shlex.quote(str(identity))}"
    return f"fata host setup {destination.name} --kind {kind}{port}{key}"

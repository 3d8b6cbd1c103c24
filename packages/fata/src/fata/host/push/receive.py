"""What happens on the host when something is pushed: the body of the hook `pre-receive`.

It runs before any ref has moved, with the new objects in quarantine (git-receive-pack(1)): when
it ends with anything but 0, the push is refused, and the repository is as it was.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fata.devices.target import GUESTS, VIRTIO, XEN
from fata.host.push.limits import Limits
from fata.host.push.pipeline import Commit, Deploy, Pipeline, Report, outside
from fata.host.push.repository import git
from fata.host.push.room import open_room
from fata.host.push.sandbox import builder
from fata.host.push.updates import Update, parse
from fata.settings import FILE_NAME, Environment, Settings
from fata.settings import parse as parse_settings
from functoria.error import UserError

TURN_SECONDS = 3600.0
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Terms:
    """`Terms(user, limits)` is as whom builds run, `None` for ourselves, and what they may take."""

    user: str | None
    limits: Limits = field(default_factory=Limits)


def receive(
    root: Path,
    app: str,
    lines: Iterable[str],
    deploy: Deploy,
    report: Report,
    terms: Terms | None = None,
) -> int:
    """`receive(root, app, lines, deploy, report)` is 0 where the push may be accepted.

    `lines` are what git tells the hook. Each branch that an environment names in `fata.toml` of
    its new commit is built and given to `deploy`, whose exit code counts; other refs are accepted
    as they are. One push of an app is at work at a time. Raises `UserError` where a build fails.
    """
    terms = terms or Terms(builder())
    repository = root / "repositories" / f"{app}.git"
    updates = [update for update in parse(lines) if update.branch is not None]
    with _turn(repository, report):
        for update in updates:
            _check_not_moved(repository, update)
        for update in updates:
            settings = settings_of(repository, app, update.new)
            environment = settings.for_branch(update.branch or "")
            if environment is None:
                report(f"{update.branch} is kept; no environment is deployed from it")
                continue
            code = _one(root, app, update, settings, environment, deploy, report, terms)
            if code != 0:
                return code
    return 0


def settings_of(repository: Path, app: str, commit: str) -> Settings:
    """`settings_of(repository, app, commit)` is `fata.toml` of the commit. Raises `UserError`."""
    listed = git(("ls-tree", "-l", commit, "--", FILE_NAME), repository).split()
    if not listed:
        return Settings()
    if listed[1] != b"blob" or listed[0] == b"120000":
        raise UserError(f"`{FILE_NAME}` is not a file", commit[:12], "commit it as a file")
    settings = parse_settings(git(("cat-file", "blob", listed[2].decode()), repository), FILE_NAME)
    if settings.app not in (None, app):
        raise UserError(
            f"this is the repository of `{app}`, and {FILE_NAME} says `{settings.app}`",
            FILE_NAME,
            "push to the repository of that app, or correct the name",
        )
    return settings


def _one(
    root: Path,
    app: str,
    update: Update,
    settings: Settings,
    environment: Environment,
    deploy: Deploy,
    report: Report,
    terms: Terms,
) -> int:
    report(f"{update.branch} at {update.new[:12]} is for {environment.name}")
    target = _target(settings)
    repository = root / "repositories" / f"{app}.git"
    box = open_room(root / "build", app, terms.user, terms.limits)
    with outside(root) as out:
        commit = Commit(app, update.new, repository, settings, target)
        dist = Pipeline(commit, box, report).build(out)
        report("== deploy")
        return deploy(dist, app, environment, _unbroken(report))


def _unbroken(report: Report) -> Report:
    """A pusher who goes away ends a build, but not a deployment half-way."""

    def say(line: str) -> None:
        with suppress(OSError):
            report(line)

    return say


def _target(settings: Settings) -> str:
    """What this host runs: guests of Xen in its control domain, of QEMU elsewhere."""
    capabilities = Path("/proc/xen/capabilities")
    here = XEN if capabilities.is_file() and "control_d" in capabilities.read_text() else VIRTIO
    wanted = settings.pipeline.targets
    if wanted is not None and here not in wanted:
        names = ", ".join(name for name in wanted if name in GUESTS) or "none that is a VM"
        raise UserError(
            f"this host runs guests of the target `{here}`, and the targets are: {names}",
            FILE_NAME,
            f'add "{here}" to `targets` in `[pipeline]`',
        )
    return here


def _check_not_moved(repository: Path, update: Update) -> None:
    """While we waited another push may have moved the branch; git would refuse, after all."""
    found = git(("for-each-ref", "--format=%(objectname)", update.ref), repository).decode()
    names = found.split()
    if (names[0] if names else "0" * len(update.old)) != update.old:
        raise UserError(
            f"{update.branch} has moved meanwhile",
            update.ref,
            "fetch what was pushed, merge it, and push again",
        )


@contextmanager
def _turn(
    repository: Path, report: Report, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """The block runs while no other push of the app does."""
    with (repository / "fata.lock").open("wb") as guard:
        deadline = time.monotonic() + TURN_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    report("another push of this app is at work; waiting for it")
                    told = True
            if time.monotonic() > deadline:
                raise UserError(
                    f"another push has been at work for {TURN_SECONDS / 60:.0f} minutes",
                    str(repository),
                    "see what it is doing on the host, then push again",
                )
            sleep(_PAUSE)
        yield

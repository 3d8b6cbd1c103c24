"""A host under load through many deployments: how many requests fail, and how long each takes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from results import Deploys, Series, samples

from functoria import UserError

ROOT = Path(__file__).resolve().parent.parent
BOX = ROOT / "packages/fata/tests/deploy/box"
sys.path.append(str(ROOT))  # the host in namespaces is that of the tests

from packages.fata.tests.deploy.box.room import Room  # noqa: E402 - see above

Report = Callable[[str], None]

_BROKEN_EVERY = 3
_PORT = 8080
_QUIET_SECONDS = 20.0


def deploys(scratch: Path, *, quick: bool, report: Report) -> Deploys:
    """`deploys(scratch)` is two series of deployments to one host under load.

    In the second every third release is broken: it answers 500. Raises `UserError`.
    """
    releases, returns = (3, 1) if quick else (20, 5)
    scratch.mkdir()
    with Room(scratch / "room") as room:
        project = _Project(scratch / "talker", room)
        project.deploy("first")
        with project.loaded() as answers:
            time.sleep(_QUIET_SECONDS / 10 if quick else _QUIET_SECONDS)
        return Deploys(
            quiet=round(sum(answers["answers"].values()) / answers["seconds"], 1),
            whole=_series(project, releases, returns, report, broken=False),
            broken=_series(project, releases, returns, report, broken=True),
        )


def _series(
    project: _Project, releases: int, returns: int, report: Report, *, broken: bool
) -> Series:
    times: list[float] = []
    refused = 0
    with project.loaded() as answers:
        for number in range(1, releases + 1):
            bad = broken and number % _BROKEN_EVERY == 0
            began = time.monotonic()
            code = project.try_deploy(f"release-{number}", "fail" if bad else "serve")
            if (code != 0) is not bad:
                raise _surprised(f"release {number} ended with {code}")
            refused += bad
            if not bad:
                times.append(time.monotonic() - began)
            report(f"deployments under load: {number} of {releases}")
        for _ in range(returns):
            project.fata("rollback")
        report(f"{returns} rollbacks under load")
    counted: dict[str, int] = answers["answers"]
    good = sum(count for text, count in counted.items() if not text.startswith("failed: "))
    return Series(
        deployments=releases,
        rollbacks=returns,
        refused=refused,
        requests=sum(counted.values()),
        failed=sum(counted.values()) - good,
        per_second=round(good / answers["seconds"], 1),
        longest=round(answers["longest"], 2),
        deploy=samples(times),
    )


class _Project:
    """The program of the tests, whose production is on that host."""

    def __init__(self, directory: Path, room: Room) -> None:
        self._directory = directory
        self._room = room
        directory.mkdir()
        for file in ("config.py", "talker.py"):
            (directory / file).write_bytes((BOX / "app" / file).read_bytes())
        self._settings("first", "serve")
        self.fata("configure", "-t", "virtio")
        self.fata("build")

    def deploy(self, say: str) -> None:
        """Deploy what says that. Raises `UserError`."""
        if self.try_deploy(say, "serve") != 0:
            raise _surprised("a deployment failed")

    def try_deploy(self, say: str, do: str) -> int:
        """The exit code of a deployment of what does that."""
        self._settings(say, do)
        done = self._room.fata("deploy", "--no-build", project=self._directory)
        return int(done.returncode)

    def fata(self, *words: str) -> None:
        """Run a command that succeeds. Raises `UserError`."""
        done = self._room.fata(*words, project=self._directory)
        if done.returncode != 0:
            raise _surprised(done.stderr.strip())

    @contextmanager
    def loaded(self) -> Iterator[dict[str, object]]:
        """The block runs while the host is asked; then the value says what came of it."""
        inside = ("nsenter", "--net", "--target", str(self._room.pid))
        command = [*inside, sys.executable, "-I", str(BOX / "load.py"), str(_PORT)]
        found: dict[str, object] = {}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as load:
            if load.stdout is None or load.stdout.readline() != "ready\n":
                raise _surprised("the load did not start")
            yield found
            out, _ = load.communicate()
        found.update(json.loads(out))

    def _settings(self, say: str, do: str) -> None:
        (self._directory / "fata.toml").write_text(
            f'[environments.production]\nhost = "{self._room.name}"\nports = ["{_PORT}:80"]\n'
            f'arguments = ["--say={say}", "--do={do}"]\n'
            '[environments.production.health]\ninterval = "0.2s"\n'
            f'deadline = "{"90s" if do == "serve" else "15s"}"\n'
        )


def _surprised(what: str) -> UserError:
    return UserError(what, "bench/deploys.py", "run the benchmark again on a quieter machine")

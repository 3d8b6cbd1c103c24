"""What happens to a commit on the host: checkout, set-up, tests, build, deployment."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

from fata.ci.compare import Build, difference
from fata.host.push import room
from fata.host.push.installer import installing
from fata.host.push.interpreter import python
from fata.host.push.sandbox import Sandbox
from fata.host.push.surroundings import fata, make_fata_known, variables
from fata.settings import Environment, Settings
from functoria.error import UserError

Report = Callable[[str], None]
Deploy = Callable[[Path, str, Environment, Report], int]
"""`deploy(dist, app, environment, report)`: `dist` has the manifest; 0 when it is live."""

LOCK = "fata.lock"


@dataclass(frozen=True, slots=True)
class Commit:
    """`Commit(app, digest, repository, settings, target)` is what is built, and for what."""

    app: str
    digest: str
    repository: Path
    settings: Settings
    target: str


class Pipeline:
    """`Pipeline(commit, box, report)` builds a commit in a sandbox."""

    def __init__(self, commit: Commit, box: Sandbox, report: Report) -> None:
        self._commit = commit
        self._box = box
        self._report = report
        self._work = box.directory / room.WORK

    def build(self, out: Path) -> Path:
        """`build(out)` is a directory in `out` with the image of the commit, its tests passed.

        Raises `UserError` at the first stage that fails.
        """
        with self._stage("checkout"):
            self._check_out(self._work)
        with self._stage("set-up"):
            self._set_up()
        settings = self._commit.settings.pipeline
        if settings.test:
            with self._stage("test"):
                for line in settings.test:
                    self._must("test", line.words)
        with self._stage("fetch"):
            self._fetch()
        with self._stage("build"):
            self._build(self._work)
            room.take(self._box, self._work, ("dist",), out / "first")
        if settings.reproducible:
            with self._stage("verify"):
                again = self._box.directory / room.AGAIN
                self._check_out(again)
                self._build(again)
                room.take(self._box, again, ("dist",), out / "second")
                self._compare(out / "first", out / "second")
        return self._image(out / "first" / "dist")

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._report(f"== {name}")
        start = time.monotonic()
        yield
        self._report(f"   {name}: {time.monotonic() - start:.1f} s")

    def _check_out(self, directory: Path) -> None:
        command = ("git", "archive", "--format=tar", self._commit.digest)
        with subprocess.Popen(
            command, cwd=self._commit.repository, stdout=subprocess.PIPE
        ) as child:
            if child.stdout is None:
                raise ValueError("a pipe that was asked for")
            room.put(self._box, child.stdout, directory)
        if child.returncode != 0:
            raise UserError(
                f"git cannot read the commit {self._commit.digest[:12]}",
                str(self._commit.repository),
                "push again; if it stays, run `git fsck` there",
            )

    def _set_up(self) -> None:
        """A Python of the app's own, in which fata is at hand, and what its tests need."""
        venv = self._box.directory / room.HOME / "venv"
        made = (uv.find_uv_bin(), "venv", "--quiet", "--python", python(), os.fspath(venv))
        self._must("set-up", made)
        self._must("set-up", make_fata_known(venv))
        for line in self._commit.settings.pipeline.setup:
            with_network = installing(line.words, venv)
            words = with_network or line.words
            self._must("set-up", words, network=with_network is not None)

    def _fetch(self) -> None:
        """What a build takes from outside, by its hash; nothing of the commit runs meanwhile."""
        install = (uv.find_uv_bin(), "pip", "install", "--require-hashes", "--no-deps", "--quiet")
        if self._run(("test", "-e", LOCK)) == 0:
            target = os.fspath(self._box.directory / room.HOME / "fetched")
            fetch = (*install, "--python", python(), "--target", target, "--requirements", LOCK)
            self._must("fetch", fetch, network=True)
        kernels = self._box.directory / room.CACHE / "fata" / "kernels"
        if self._run(("test", "-e", os.fspath(kernels))) != 0:
            self._run(fata("kernel", "fetch"), network=True)

    def _build(self, directory: Path) -> None:
        self._must("build", fata("configure", "-t", self._commit.target), directory)
        self._must("build", fata("build"), directory)

    def _compare(self, one: Path, other: Path) -> None:
        again = self._box.directory / room.AGAIN
        found = difference(Build(self._work, one / "dist"), Build(again, other / "dist"))
        if found is not None:
            raise UserError(
                f"two builds of the commit are not the same: `{found.path}` {found.what}",
                "verify",
                "`fata ci verify` finds out why; `reproducible = false` in fata.toml leaves "
                "this out",
            )

    def _image(self, dist: Path) -> Path:
        found = sorted(path.parent for path in dist.glob(f"*-{self._commit.target}/manifest.json"))
        if len(found) != 1:
            raise UserError(
                f"the build left {len(found)} images for {self._commit.target}, and one is needed",
                "dist",
                "let the repository have none of its own",
            )
        return found[0]

    def _must(
        self,
        stage: str,
        words: Sequence[str],
        directory: Path | None = None,
        *,
        network: bool = False,
    ) -> None:
        code = self._run(words, directory, network=network)
        if code != 0:
            raise UserError(
                f"`{Path(words[0]).name}` ended with exit code {code}",
                stage,
                "mend what it says above, commit, and push again",
            )

    def _run(
        self, words: Sequence[str], directory: Path | None = None, *, network: bool = False
    ) -> int:
        return self._box.run(
            words,
            directory or self._work,
            variables(self._box.directory, network=network),
            self._report,
            network=network,
        )


@contextmanager
def outside(root: Path) -> Iterator[Path]:
    """`outside(root)` is a directory of ours for what was built, while the block runs."""
    with tempfile.TemporaryDirectory(prefix=".built-", dir=root / "repositories") as directory:
        yield Path(directory)

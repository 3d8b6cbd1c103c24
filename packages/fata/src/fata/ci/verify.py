"""Whether a project is built the same, wherever and by whomever it is built."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fata.child import tied
from fata.ci.compare import Build, Difference, difference
from fata.ci.guard import MARK, Guarded, guarded
from fata.ci.inside import file_inside
from fata.ci.model import OUTPUT
from fata.ci.surroundings import PASSED, write_launcher
from fata.ci.varied import VARIATIONS, Variation, copied
from fata.devices.target import GUESTS
from functoria.error import UserError
from functoria.position import from_here

_APART_SECONDS = 2.0
"""So much later the second build begins: a clock's second, and an archive's two, have passed."""


def verify(
    project: Path, target: str, variables: Mapping[str, str], report: Callable[[str], None]
) -> None:
    """Build the project twice, each time elsewhere, and raise `UserError` where they differ.

    Also raises it where a build fails, and for a target that is no VM. Neither build touches the
    project.
    """
    if target not in GUESTS:
        raise UserError(
            f"a build for {target} is of this machine, and cannot be the same elsewhere",
            "--target",
            f"verify what is shipped: {' or '.join(f'`--target {name}`' for name in GUESTS)}",
        )
    with guarded() as run:
        launcher = run.directory / "fata"
        write_launcher(launcher)
        builds: list[Build] = []
        for number, variation in enumerate(VARIATIONS, 1):
            began = time.monotonic()
            builds.append(_built(run, number, variation, project, target, variables))
            report(f"build {number} took {time.monotonic() - began:.1f} s")
            if number < len(VARIATIONS):
                time.sleep(max(0.0, began + _APART_SECONDS - time.monotonic()))
        found = difference(*builds)
        inside = file_inside(*(build.output for build in builds))
    if found is not None:
        raise _not_reproducible(found, inside, project)


def _not_reproducible(found: Difference, inside: str | None, project: Path) -> UserError:
    what = f"`{found.path}` {found.what}" if inside is None else f"`{inside}` in the image differs"
    return UserError(
        f"two builds of the same commit are not the same: {what}",
        from_here(project / OUTPUT / found.path),
        "look in config.py, and in what it reads, for the time of day, a random number, an "
        "absolute path, the user, or an order that nothing fixes; `reproducible = false` in "
        "fata.toml leaves this out",
    )


def _built(
    run: Guarded,
    number: int,
    variation: Variation,
    project: Path,
    target: str,
    variables: Mapping[str, str],
) -> Build:
    """A build as the variation has it."""
    place = run.directory / str(number) / variation.path
    home = run.directory / str(number) / "home"
    copied(project, place, variation)
    home.mkdir()
    environment = {
        **{name: variables[name] for name in PASSED if name in variables},
        "PATH": variables.get("PATH", os.defpath),
        "XDG_CACHE_HOME": variables.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "HOME": str(home),
        **variation.variables,
        MARK: run.mark,
    }
    for words in (("configure", "-t", target), ("build",)):
        done = subprocess.run(
            [str(run.directory / "fata"), *words],
            cwd=place,
            env=environment,
            umask=variation.umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=tied(),
        )
        if done.returncode:
            raise UserError(
                f"build {number} failed: {_error(done.stderr)}",
                from_here(project),
                f"run `fata configure -t {target}` and `fata build` in a clean checkout",
            )
    return Build(place, place / OUTPUT)


def _error(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.startswith("error: ")]
    return (lines or text.strip().splitlines() or ["it did not say why"])[-1].removeprefix(
        "error: "
    )

"""What our packages depend on, installed for a host by uv, in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import uv

from fata.cache import cache_directory, key_of
from fata.host.runtime import Runtime
from fata.requirements.requirement import normal_name
from functoria.error import UserError

OWN = ("fata", "functoria", "libos", "xlcfg")
"""Our packages, which are copied from where they are installed."""

NOT_FOR_HOSTS = frozenset({"jinja2", "starlette", "uvicorn"})
"""What only the dashboard needs, which runs on the developer's machine."""

_LAYOUT = "1"  # raise when the way of installing changes
_NOT_SHIPPED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
"""What tells of the installation, and not of the package."""


def libraries(runtime: Runtime, report: Callable[[str], None]) -> Path:
    """`libraries(runtime, report)` is a directory with all that our packages depend on.

    The versions are those that are installed here. It is made once, in one rename. Raises
    `UserError` where one of them cannot be had for the host.
    """
    wanted, pins = _wanted(), _pins()
    home = cache_directory() / "bundles"
    target = home / key_of(_LAYOUT, runtime.python, runtime.platform, *wanted, "", *pins)
    if target.is_dir():
        return target
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{target.name}.lock").open("wb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not target.is_dir():
            report(f"fetching what fata needs on Python {runtime.python} of {runtime.machine}")
            _make(target, runtime, wanted, pins)
    return target


def _wanted() -> tuple[str, ...]:
    """What our packages ask for, as they say it; their extras aside."""
    lines = {line for name in OWN for line in _asked(distribution(name)) if _name(line) not in OWN}
    return tuple(sorted(lines))


def _asked(found: Distribution) -> Iterator[str]:
    """What a distribution asks for, as it says it, as far as a host needs it."""
    for line in found.requires or ():
        if "extra ==" not in line and _name(line) not in NOT_FOR_HOSTS:
            yield line


def _name(line: str) -> str:
    end = next((i for i, c in enumerate(line) if not (c.isalnum() or c in "._-")), len(line))
    return normal_name(line[:end])


def _pins() -> tuple[str, ...]:
    """The version of everything that is reached from here, whichever Python it is for."""
    installed = {normal_name(found.name): found for found in distributions()}
    seen: dict[str, Distribution] = {}
    waiting = [*OWN]
    while waiting:
        name = waiting.pop()
        found = installed.get(name)
        if found is not None and name not in seen:
            seen[name] = found
            waiting += map(_name, _asked(found))
    return tuple(f"{name}=={seen[name].version}" for name in sorted(seen) if name not in OWN)


def _make(target: Path, runtime: Runtime, wanted: tuple[str, ...], pins: tuple[str, ...]) -> None:
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        tree = scratch / "tree"
        (scratch / "pins.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [uv.find_uv_bin(), "pip", "install", "--color", "never", "--no-progress"]
        command += ["--only-binary", ":all:", "--no-compile-bytecode", "--target", os.fspath(tree)]
        command += ["--python-version", runtime.python, "--python-platform", runtime.platform]
        command += ["--constraint", os.fspath(scratch / "pins.txt"), *wanted]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise _failed(runtime, done.stderr)
        for path in tuple(_superfluous(tree)):
            path.unlink()
        tree.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _superfluous(tree: Path) -> Iterator[Path]:
    """Scripts, of which a host needs none but uv; and records of how it was installed."""
    yield from (path for path in tree.glob("bin/*") if path.name != "uv")
    yield from (path for path in tree.glob("*.dist-info/*") if path.name in _NOT_SHIPPED)
    yield from (path for path in tree.glob(".*") if path.is_file())


def _failed(runtime: Runtime, said: str) -> UserError:
    reason = " ".join(said.encode("ascii", "ignore").decode().split())[:400] or "uv gave no reason"
    return UserError(
        f"what fata needs on Python {runtime.python} cannot be had: {reason}",
        None,
        "check the network and the index that uv is set up for: the versions installed on this "
        "machine must be there as wheels for that Python",
    )

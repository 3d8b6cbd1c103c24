"""What is compared: images that run one program, each with all that is needed to start it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fata.project import Project, load
from fata.qemu.machine import Guest
from functoria.action import run
from functoria.configure import plan as configuration

MARK = "first line of Python"
MODULE = "a_website"
_STATEMENT = f'print("{MARK}", flush=True)\n'
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "website"


@dataclass(frozen=True, slots=True)
class Variant:
    """`Variant(name, guest, ...)` is a built image; its one vif publishes a free port.

    `kernel` names provider and version; `unpacked` is the bytes of the root file system in
    memory and `files` how many regular files it has.
    """

    name: str
    kernel: str
    guest: Guest
    unpacked: int
    files: int


def copied(directory: Path) -> Path:
    """`copied(directory)` is a copy of the example `website` below it."""
    target = directory / "website"
    ignored = shutil.ignore_patterns("_fata", "dist", "__pycache__")
    shutil.copytree(EXAMPLE, target, ignore=ignored)
    return target


def configured(directory: Path, keys: dict[str, str]) -> Project:
    """`configured(directory, keys)` is a copy of the example that tells when it runs, configured.

    Its module gets one statement more, the first one, which prints `MARK`, and a name that sorts
    before those of all other modules, so that the generated program imports it first. It is the
    same for every variant. Raises `UserError`.
    """
    target = copied(directory)
    module, config = target / "website.py", target / "config.py"
    (target / f"{MODULE}.py").write_text(_STATEMENT + module.read_text())
    module.unlink()
    config.write_text(config.read_text().replace("website:start", f"{MODULE}:start"))
    project = load(config, keys, {}, saved=False)
    run(configuration(project))
    return project

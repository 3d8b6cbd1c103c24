"""The guests `behave` and `mover`, built once for all tests, and a Xen host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fata import lab as labs
from fata.image.manifest import MachineRecord, Manifest, read
from libos.boot.command_line import encode

for _suite in ("conformance", "conformance_keepers", "conformance_limits", "conformance_xen"):
    pytest.register_assert_rewrite(f"{__package__}.{_suite}")

GUEST = Path(__file__).with_name("guest")
MOVER = Path(__file__).with_name("mover")
FATA = Path(sys.executable).with_name("fata")


@dataclass(frozen=True)
class Built:
    """A built guest: its directory and its manifest."""

    directory: Path
    manifest: Manifest

    @property
    def kernel(self) -> Path:
        assert self.manifest.image
        return self.directory / self.manifest.image.kernel.blob.file

    @property
    def initramfs(self) -> Path:
        assert self.manifest.image
        return self.directory / self.manifest.image.initramfs.file

    def machine(self, name: str = "microvm") -> MachineRecord:
        assert self.manifest.image
        return next(each for each in self.manifest.image.machines if each.name == name)

    def command_line(
        self, *words: str, arguments: tuple[str, ...] = (), machine: str = "microvm"
    ) -> str:
        """What its kernel is told, emulated, with those words and boot arguments."""
        image = self.manifest.image
        assert image
        own = (image.command_line, *self.machine(machine).command_line, *image.emulated)
        return " ".join((*own, *words, *(encode(argument) for argument in arguments)))


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Built]:
    """`build("-t", "xen")` is the guest `behave` built for that; once for each target.

    `build("-t", "xen", guest=MOVER)` is the other one.
    """
    made: dict[tuple[Path, tuple[str, ...]], Built] = {}

    def one(*keys: str, guest: Path = GUEST) -> Built:
        if (guest, keys) not in made:
            directory = tmp_path_factory.mktemp(guest.name) / guest.name
            shutil.copytree(guest, directory, ignore=shutil.ignore_patterns("_fata", "dist"))
            for words in (("configure", *keys), ("build",)):
                environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
                subprocess.run([FATA, *words], cwd=directory, check=True, env=environment)
            (found,) = (path.parent for path in directory.glob("dist/*/manifest.json"))
            made[guest, keys] = Built(found, read(found))
        return made[guest, keys]

    return one


@pytest.fixture(scope="session")
def host() -> Iterator[labs.Lab]:
    """A Xen host of our own, for all tests of one group; it ends with the last of them."""
    name = "test-xl"
    yield labs.ensure(name)
    labs.reset(name)

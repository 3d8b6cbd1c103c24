"""What a host gets from apt and from a package index, and a machine without network cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from fata.cache import cache_directory

TAKE = (
    "tar -x --no-same-owner -C /var/lib/fata && mkdir -p /etc/uv && cd /var/lib/fata"
    " && mv uv.toml wheels /etc/uv && chown -R fata-build: build && chmod 700 build"
)
"""The shell's words by which the host takes in what `brought` packs."""
UV_SETTINGS = 'no-index = true\nfind-links = ["/etc/uv/wheels"]\n'
"""What has uv take packages from a directory, and from no index; builds see nothing of fata's."""


def brought(directory: Path, kernels: tuple[str, ...]) -> bytes:
    """`brought(directory, kernels)` is an archive for pushes of `docs/end-to-end.md`.

    It has the kernels of this machine whose names begin so, and the one package of the website.
    """
    copy_kernels(directory, "hello", kernels)
    fetch_wheels(directory, "h11==0.16.0")
    (directory / "uv.toml").write_text(UV_SETTINGS)
    names = ("build", "uv.toml", "wheels")
    packed = ("tar", "-c", "-C", str(directory), *names)
    return subprocess.run(packed, capture_output=True, check=True).stdout


def copy_kernels(state: Path, app: str, kernels: tuple[str, ...]) -> None:
    """Put them where builds of the app have theirs, below the directory of a host."""
    cache = state / "build" / app / "cache" / "fata" / "kernels"
    for kernel in sorted(cache_directory().glob("kernels/*")):
        if kernel.name.startswith(kernels):
            shutil.copytree(kernel, cache / kernel.name)


def fetch_wheels(state: Path, *requirements: str) -> None:
    """Fetch packages into the directory `wheels` there."""
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest")
    subprocess.run((*fetch, str(state / "wheels"), *requirements), check=True)

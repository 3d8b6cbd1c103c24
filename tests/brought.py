"""What a host gets from apt and from a package index, and a machine without network cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from fata.cache import cache_directory

TAKE = (
    "tar -x --no-same-owner -C /var/lib/fata && mkdir -p /etc/uv && cd /var/lib/fata"
    " && mv uv.toml /etc/uv && chown -R fata-build: build && chmod 700 build"
)
"""The shell's words by which the host takes in what `brought` packs."""


def brought(directory: Path, kernels: tuple[str, ...]) -> bytes:
    """`brought(directory, kernels)` is an archive for pushes of `docs/end-to-end.md`.

    It has the kernels of this machine whose names begin so, and the one package of the website.
    """
    cache = directory / "build" / "hello" / "cache" / "fata" / "kernels"
    for kernel in sorted(cache_directory().glob("kernels/*")):
        if kernel.name.startswith(kernels):
            shutil.copytree(kernel, cache / kernel.name)
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest")
    subprocess.run((*fetch, str(directory / "wheels"), "h11==0.16.0"), check=True)
    text = 'no-index = true\nfind-links = ["/var/lib/fata/wheels"]\n'
    (directory / "uv.toml").write_text(text)
    names = ("build", "uv.toml", "wheels")
    packed = ("tar", "-c", "-C", str(directory), *names)
    return subprocess.run(packed, capture_output=True, check=True).stdout

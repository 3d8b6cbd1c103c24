"""What a host gets from apt and from a package index, and a machine without network cannot."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from fata.cache import Cache, cache_directory
from fata.image.compression import Compression, settings, zstd

TAKE = (
    "tar -x --no-same-owner -C /var/lib/fata && mkdir -p /etc/uv && cd /var/lib/fata"
    " && mv uv.toml wheels /etc/uv && chown -R fata-build: build && chmod 700 build"
)
"""The shell's words by which the host takes in what `brought` packs."""
UV_SETTINGS = 'no-index = true\nfind-links = ["/etc/uv/wheels"]\n'
"""What has uv take packages from a directory, and from no index; builds see nothing of fata's."""


def brought(directory: Path, kernels: tuple[str, ...], project: Path) -> bytes:
    """`brought(directory, kernels, project)` is an archive for pushes of `docs/end-to-end.md`.

    It has the kernels of this machine whose names begin so, the one package of the website, and
    what its project, which was built here, has packed: emulated, that takes minutes.
    """
    copy_kernels(directory, "hello", kernels)
    (image,) = project.glob("dist/hello-*/initramfs-*.cpio.zst")
    copy_layers(directory, "hello", image.read_bytes())
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


def copy_layers(state: Path, app: str, image: bytes) -> None:
    """Put the layers of an image where builds of the app look for theirs, by their content."""
    cache = Cache(state / "build" / app / "cache" / "fata" / "layers")
    while image:
        layer = zstd.ZstdDecompressor()
        digest = hashlib.sha256(layer.decompress(image)).hexdigest()
        packed = image[: len(image) - len(layer.unused_data)]
        cache.put(f"{digest}-{settings(Compression.ZSTD)}", packed)
        image = layer.unused_data


def fetch_wheels(state: Path, *requirements: str) -> None:
    """Fetch packages into the directory `wheels` there."""
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest")
    subprocess.run((*fetch, str(state / "wheels"), *requirements), check=True)

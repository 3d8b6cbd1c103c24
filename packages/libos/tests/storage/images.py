"""Images of stores, made by the tools that people make them with."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def _quietly(command: list[str]) -> None:
    subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True)


def need(*tools: str) -> None:
    """Fail unless the tools are there."""
    missing = [
        tool for tool in tools if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None
    ]
    if missing:
        pytest.fail(f"{', '.join(missing)} not found: run `tools/setup --test`")


def tree(root: Path, values: dict[str, bytes]) -> Path:
    """A directory with a file for each value."""
    root.mkdir(parents=True, exist_ok=True)
    for key, value in values.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(value)
    return root


def tar(root: Path, *options: str) -> bytes:
    """The archive that tar(1) makes of a directory."""
    need("tar")
    command = ["tar", *options, "-C", str(root), "-cf", "-", "."]
    return subprocess.run(command, capture_output=True, check=True).stdout


def tar_of(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    """The archive of these members, made by the standard library."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive: a file, unless the fields say otherwise."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def fat(path: Path, root: Path, size: int, *options: str) -> bytes:
    """The file system of `size` bytes that mkfs.fat(8) and mcopy(1) make of a directory."""
    need("mkfs.fat", "mcopy")
    path.write_bytes(bytes(size))
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(
        ["mkfs.fat", *options, str(path)], env=environment, capture_output=True, check=True
    )
    sources = sorted(str(child) for child in root.iterdir())
    if sources:
        subprocess.run(
            ["mcopy", "-s", "-i", str(path), *sources, "::"], env=environment, check=True
        )
    return path.read_bytes()


def partitioned(path: Path, volume: bytes, kind: str = "c") -> bytes:
    """A disk with an MBR whose second partition holds the volume, made by sfdisk(8)."""
    need("sfdisk")
    start, sectors = 2048, len(volume) // 512
    path.write_bytes(bytes((start + sectors) * 512))
    script = f"label: dos\nstart=1024, size=64, type=83\nstart={start}, type={kind}\n"
    subprocess.run(
        ["sfdisk", "-q", str(path)],
        input=script,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    with path.open("r+b") as disk:
        disk.seek(start * 512)
        disk.write(volume)
    return path.read_bytes()

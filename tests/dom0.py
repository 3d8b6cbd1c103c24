"""The control domain of a lab with Python and fata in it: a Xen host on which fata itself runs."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fata.host.bundle import bundle
from fata.host.runtime import Runtime
from fata.lab import Lab
from functoria import UserError

FATA = "/root/fata/fata"
_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_FOR_BUILDING = ("lib/bin/", "lib/cyclonedx/", "lib/license_expression/")
_LEFT_OUT = ("test", "idlelib", "lib2to3", "ensurepip", "pydoc_data", "turtledemo", "tkinter")
"""The control domain has its files in its memory: there is no room for all of it."""
_TELLING = (
    ("domains", "xl list; xl info | grep free_memory; uptime; free -m"),
    ("logs", "tail -n 40 /var/log/xen/*.log"),
    ("consoles", "tail -n 15 /var/log/xen/console/*.log"),
    ("the control domain's kernel", "dmesg | tail -n 15"),
    ("Xen", "xl dmesg | tail -n 15"),
)


def install(host: Lab, directory: Path) -> None:
    """`install(host, directory)` unpacks this Python and fata's bundle there, by a file here."""
    archive = directory / "dom0.tar"
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path in _python():
            tar.add(path.resolve(), str(path), recursive=False)
        tar.add(Path(f"/usr/bin/python{_VERSION}").resolve(), "/usr/bin/python3")
        for file in bundle(Runtime(_VERSION, "x86_64"), lambda _: None).files:
            if file.path.startswith(_FOR_BUILDING):
                continue
            content = file.read()
            entry = tarfile.TarInfo(f"/root/fata/{file.path}")
            entry.size, entry.mode = len(content), file.mode
            tar.addfile(entry, io.BytesIO(content))
    unpack(host, archive)


def state(host: Lab) -> str:
    """What tells on a Xen host why something failed: its domains, and the last of its logs."""
    parts = []
    for title, command in _TELLING:
        try:
            done = host.run(["sh", "-c", command], limit=60, check=False)
            said = (done.out + done.err).decode(errors="replace").strip()
        except (UserError, subprocess.TimeoutExpired) as error:
            said = str(error)
        parts.append(f"{title}:\n{said}")
    return "\n".join(parts)


def unpack(host: Lab, archive: Path) -> None:
    """`unpack(host, archive)` unpacks an archive of absolute paths in the control domain."""
    host.copy({"/root/archive.tar": archive})
    host.run(["tar", "-C", "/", "-xzf", "/root/archive.tar"])
    host.run(["rm", "/root/archive.tar"])


def _python() -> Iterator[Path]:
    """The files of this Python's standard library, and the libraries that it needs."""
    top = Path(f"/usr/lib/python{_VERSION}")
    libraries: set[Path] = set()
    for path in sorted(top.rglob("*")):
        if path.relative_to(top).parts[0] in _LEFT_OUT or not path.is_file():
            continue
        if "_ssl" in path.name or "_hashlib" in path.name or "config-" in str(path):
            continue
        yield path
        if path.suffix == ".so":
            libraries |= _needed(path)
    libraries |= _needed(Path(f"/usr/bin/python{_VERSION}"))
    # Wheels ask for the parts that glibc once had.
    names = ("libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1")
    libraries |= {Path("/usr/lib/x86_64-linux-gnu", name) for name in names}
    yield from sorted(libraries)


def _needed(path: Path) -> set[Path]:
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    words = [word for line in said.splitlines() if "=>" in line for word in line.split()]
    return {
        Path("/usr", word.lstrip("/").removeprefix("usr/")) for word in words if "/lib/" in word
    }

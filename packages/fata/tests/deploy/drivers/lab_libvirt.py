"""libvirt in a lab: this machine's, with the driver for Xen of the same version."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fata.cache import cache_directory
from fata.host.kind import STATE
from fata.lab import Lab
from fata.lab.unpack import unpack

_DAEMON, _PACKAGE = "libvirt-daemon", "libvirt-daemon-driver-xen"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_DRIVER = f"{_LIBRARIES}/libvirt/connection-driver/libvirt_driver_libxl.so"
_PROGRAMS = ("usr/sbin/libvirtd", "usr/bin/virsh")
_MODELS = "usr/share/libvirt"

# On the disk, since the control domain's memory is scarce; libraries that it has are left alone.
# libvirt wants a model that the processor is a kind of, and the emulated one is of none that it
# knows: QEMU lacks `vme`, which the smallest has, and Xen hides `sep`, which all others have.
_TOP = f"{STATE}/libvirt"
_INSTALL = f"""\
set -e
mkdir -p {_TOP} /etc/libvirt /run/libvirt /var/cache/libvirt /var/lib/libvirt /var/log/libvirt
tar -C {_TOP} -xf /tmp/libvirt.tar
rm /tmp/libvirt.tar
for file in {_TOP}/{_LIBRARIES}/*; do
    [ -e "/{_LIBRARIES}/${{file##*/}}" ] || ln -s "$file" /{_LIBRARIES}/
done
for file in {" ".join(_PROGRAMS)} {_MODELS}; do
    mkdir -p "/${{file%/*}}"
    ln -s "{_TOP}/$file" "/$file"
done
sed -i /vme/d /{_MODELS}/cpu_map/x86_486.xml
"""
_RUN = """\
libvirtd -d
tries=0
until virsh -q -c xen:///system list --name 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { cat /var/log/libvirt/libvirtd.log >&2; exit 1; }
    sleep 0.1
done
"""


def install(host: Lab, directory: Path) -> None:
    """`install(host, directory)` brings libvirt there, by a file here, and runs it."""
    archive = directory / "libvirt.tar"
    with tarfile.open(archive, "w") as tar:
        for name, path in sorted(_files().items()):
            tar.add(path.resolve(), name, recursive=False)
    host.copy({"/tmp/libvirt.tar": archive})
    archive.unlink()
    host.run(["sh", "-c", _INSTALL])
    run(host)


def run(host: Lab) -> None:
    """`run(host)` starts its daemon."""
    host.run(["sh", "-c", _RUN])


def kill(host: Lab) -> None:
    """`kill(host)` kills its daemon."""
    host.run(["sh", "-c", "kill -9 $(cat /run/libvirtd.pid)"])


def _files() -> dict[str, Path]:
    driver = _driver()
    files = {name: Path("/", name) for name in _PROGRAMS}
    models = Path("/", _MODELS, "cpu_map")
    for path in (models / "index.xml", *models.glob("x86_*")):
        files[str(path).lstrip("/")] = path
    for path in (driver, *(Path("/", name) for name in _PROGRAMS)):
        files |= {f"{_LIBRARIES}/{library.name}": library for library in _needed(path)}
    return {**files, _DRIVER: driver}


def _needed(path: Path) -> Iterator[Path]:
    """The libraries of a program; those of Xen the lab has, and this machine has not."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        word = line.partition("=> ")[2].partition(" ")[0]
        if word.startswith("/"):
            yield Path(word)


def _driver() -> Path:
    """The driver out of its package, kept by its version."""
    query = ("dpkg-query", "-W", "-f", "${Version}", _DAEMON)
    version = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    place = cache_directory() / "tests" / f"{_PACKAGE}-{version.replace(':', '-')}"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            fetch = ("apt-get", "-qq", "-o", "APT::Sandbox::User=", "download")
            subprocess.run((*fetch, f"{_PACKAGE}={version}"), cwd=scratch, check=True)
            (deb,) = Path(scratch).glob("*.deb")
            made = Path(scratch, "made")
            made.mkdir()
            unpack(deb, made)
            made.rename(place)
    return place / _DRIVER

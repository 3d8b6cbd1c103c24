"""libvirt in a lab: this machine's, with the driver for Xen of the same version."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fata.cache import cache_directory
from fata.deploy.drivers.virsh import Virsh
from fata.host.kind import STATE
from fata.lab import Lab
from fata.lab.keys import ALIAS
from fata.lab.unpack import unpack
from functoria.error import UserError

_DAEMON, _PACKAGE = "libvirt-daemon", "libvirt-daemon-driver-xen"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_DRIVER = f"{_LIBRARIES}/libvirt/connection-driver/libvirt_driver_libxl.so"
_PROGRAM = "usr/sbin/libvirtd"
_MODELS = "usr/share/libvirt"

# On the disk, since the control domain's memory is scarce; libraries that it has are left alone.
# libvirt wants a model that the processor is a kind of, and the emulated one is of none that it
# knows: QEMU lacks `vme`, which the two smallest have, and Xen hides `sep`, which all others have.
_TOP = f"{STATE}/libvirt"
_INSTALL = f"""\
set -e
mkdir -p {_TOP} /etc/libvirt /run/libvirt /var/cache/libvirt /var/lib/libvirt /var/log/libvirt
tar -C {_TOP} -xf /tmp/libvirt.tar
rm /tmp/libvirt.tar
for file in {_TOP}/{_LIBRARIES}/*; do
    [ -e "/{_LIBRARIES}/${{file##*/}}" ] || ln -s "$file" /{_LIBRARIES}/
done
for file in {_PROGRAM} {_MODELS}; do
    mkdir -p "/${{file%/*}}"
    ln -s "{_TOP}/$file" "/$file"
done
sed -i /vme/d /{_MODELS}/cpu_map/x86_486.xml
"""
_SOCKET = "/run/libvirt/libvirt-sock"
_PATIENCE = 60.0


def install(host: Lab, directory: Path) -> str:
    """`install(host, directory)` brings libvirt there, by a file here, and runs it; its URI here.

    `virsh` is this machine's, for which a socket leads there: emulated, each call takes a second.
    """
    archive = directory / "libvirt.tar"
    with tarfile.open(archive, "w") as tar:
        for name, path in sorted(_files().items()):
            tar.add(path.resolve(), name, recursive=False)
    host.copy({"/tmp/libvirt.tar": archive})
    archive.unlink()
    host.run(["sh", "-c", _INSTALL])
    # In a place of this run: what one that was killed left of its own would be in the way.
    socket = directory / "libvirt"
    ssh = ("ssh", "-F", host.place.ssh_config, "-O", "forward")
    subprocess.run((*ssh, "-L", f"{socket}:{_SOCKET}", ALIAS), check=True)
    uri = f"xen:///system?socket={socket}"
    run(host, uri)
    return uri


def run(host: Lab, uri: str) -> None:
    """`run(host, uri)` starts its daemon."""
    host.run(["libvirtd", "-d"])
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            Virsh(uri).domains()
            return
        except UserError:
            log = host.run(["cat", "/var/log/libvirt/libvirtd.log"], check=False).out.decode()
            assert time.monotonic() < deadline, log
            time.sleep(0.1)


def kill(host: Lab) -> None:
    """`kill(host)` kills its daemon."""
    host.run(["sh", "-c", "kill -9 $(cat /run/libvirtd.pid)"])


def _files() -> dict[str, Path]:
    driver = _driver()
    program = Path("/", _PROGRAM)
    files = {_PROGRAM: program}
    models = Path("/", _MODELS, "cpu_map")
    for path in (models / "index.xml", *models.glob("x86_*")):
        files[str(path).lstrip("/")] = path
    for path in (driver, program):
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

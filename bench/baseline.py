"""The baseline: the same program by ordinary means, without fata.

Debian's cloud kernel as it is shipped; an initramfs by Debian's own mkinitramfs, with Python and
its whole standard library put in by a hook; a shell script that mounts, loads the network's
driver, sets the address and starts Python. `bench/ordinary` has what a person would write.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from py_compile import PycInvalidationMode

from commands import run
from newc import contents
from variant import MODULE, Variant, configured

import libos
from fata.closure import Interpreter, interpreter
from fata.image.compression import Compression, compress
from fata.image.cpio import Entry, archive
from fata.kernel import Kernel, apt, provide
from fata.qemu.machine import Guest, Machine, UserNic
from fata.qemu.publish import parse_all
from functoria import UserError
from functoria.action import write_file

NAME = "baseline"
_ORDINARY = Path(__file__).resolve().parent / "ordinary"
_PACKAGES = ("initramfs-tools", "busybox", "kmod", "udev", "zstd", "cpio")
_LEVEL = 19  # of zstd, as images of ours have it; mkinitramfs by itself takes 9
_SITE = "srv/website"
_MAC = "52:54:00:fa:7a:00"

Report = Callable[[str], None]


def baseline(scratch: Path, report: Report) -> Variant:
    """`baseline(scratch, report)` is the website on an ordinary Debian kernel and initramfs.

    Nothing is installed on this machine. Raises `UserError`.
    """
    kernel = provide("debian", "virtio", report)
    python = interpreter(Path(sys.executable))
    directory = scratch / NAME
    project = configured(directory, {"target": "unix"})
    report("fetching the packages of an ordinary initramfs")
    debs = _packages(directory / "debs", kernel)
    report("mkinitramfs, with the whole standard library")
    base = _initramfs(directory, debs, kernel, python)
    entries = _program(project.directory, directory / "site", kernel, python)
    program = compress(archive(entries), Compression.ZSTD)
    initramfs = directory / "initramfs"
    write_file(initramfs, base.read_bytes() + program)
    found = contents(initramfs.read_bytes())
    return Variant(
        NAME, f"debian {kernel.version}", _guest(kernel, initramfs), found.size, found.files
    )


def _packages(target: Path, kernel: Kernel) -> Path:
    """A directory with the kernel's package and with those that are not installed here."""
    (target / "partial").mkdir(parents=True)
    again = "check the network, run `apt update`, and try again"
    options = ["-o", f"Dir::Cache::archives={target}", "-o", "Debug::NoLocking=1"]
    command = ["apt-get", *options, "install", "-y", "--download-only", "--no-install-recommends"]
    run([*command, *_PACKAGES], target)
    fetched = target / "kernel"
    fetched.mkdir()
    package = apt.Package(kernel.package, kernel.package_version)
    deb = apt.fetch(package, fetched)
    deb.rename(target / deb.name)
    if not sorted(target.glob("*.deb")):
        raise UserError("apt brought no packages", str(target), again)
    return target


def _initramfs(directory: Path, debs: Path, kernel: Kernel, python: Interpreter) -> Path:
    """What mkinitramfs makes, with the hook that puts Python in."""
    hook, out = directory / "hook", directory / "base"
    write_file(hook, _filled("hook", kernel, python).encode(), 0o755)
    namespace = [*(() if os.geteuid() == 0 else ("sudo",)), "unshare", "--mount"]
    script = [str(_ORDINARY / "make-initramfs"), str(debs), kernel.version, str(_LEVEL)]
    run([*namespace, *script, str(hook), str(out)], directory)
    return out


def _filled(name: str, kernel: Kernel, python: Interpreter) -> str:
    text = (_ORDINARY / name).read_text()
    words = {
        "PYTHON": str(python.executable),
        "STDLIB": str(python.stdlib),
        "DYNLOAD": str(python.dynload),
        "TRANSPORT": f"virtio_{kernel.machines[0].transport}",
    }
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _program(project: Path, site: Path, kernel: Kernel, python: Interpreter) -> tuple[Entry, ...]:
    """The website with its libraries below /srv, and the script that starts it."""
    site_of(project, site)
    start = Entry("start", content=_filled("start", kernel, python).encode(), mode=0o555)
    files = (path for path in sorted(site.rglob("*")) if path.is_file())
    return (
        start,
        *(
            Entry(f"{_SITE}/{path.relative_to(site).as_posix()}", content=path.read_bytes())
            for path in files
        ),
    )


def site_of(project: Path, site: Path) -> Path:
    """`site_of(project, site)` is `site`, now the website with its libraries, compiled."""
    ignored = shutil.ignore_patterns("__pycache__", "py.typed")
    for name, source in (("libos", Path(libos.__path__[0])), ("h11", _package("h11"))):
        shutil.copytree(source, site / name, ignore=ignored)
    shutil.copytree(project / "site", site / "site")
    shutil.copyfile(project / f"{MODULE}.py", site / f"{MODULE}.py")
    shutil.copyfile(project / "_fata" / "main.py", site / "program.py")
    shutil.copyfile(_ORDINARY / "serve.py", site / "serve.py")
    valid = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        site, quiet=1, stripdir=str(site), prependdir=f"/{_SITE}", invalidation_mode=valid
    )
    return site


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise UserError(f"the package `{name}` is not installed", None, "run `make setup`")
    return Path(found.origin).parent


def _guest(kernel: Kernel, initramfs: Path) -> Guest:
    """The same machine and the same words as an image of ours with this kernel gets."""
    machine = kernel.machines[0]
    words = (*kernel.cmdline, *machine.cmdline, *kernel.cmdline_emulated, "rdinit=/start")
    return Guest(
        kernel=kernel.image,
        initramfs=initramfs,
        cmdline=" ".join(words),
        machine=Machine(machine.name),
        machine_options=machine.options,
        nics=(UserNic(_MAC, parse_all(["0:80"])),),
    )

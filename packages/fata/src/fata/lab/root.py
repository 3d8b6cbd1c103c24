"""The file tree of the control domain: only what the toolstack and sshd need, out of packages.

It has neither a package manager nor an init system, and is unpacked into memory at every start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from fata.closure.elf import is_elf, parse_elf
from fata.host.kind import LAB
from fata.image.cpio import Entry, Kind
from fata.kernel.modules import ModuleTree
from fata.lab import tools
from functoria.error import UserError

MODULES = (
    "virtio_pci",
    "virtio_net",
    "virtio_rng",
    "virtio_blk",
    "bridge",
    "loop",
    "xenfs",
    "xen_evtchn",
    "xen_gntdev",
    "xen_gntalloc",
    "xen_privcmd",
    "xen_netback",
    "xen_blkback",
    *tools.MODULES,
)
PROGRAMS = (
    "usr/bin/bash",
    "usr/bin/dash",
    "usr/bin/busybox",
    "usr/bin/flock",
    "usr/sbin/losetup",
    "usr/sbin/sshd",
    "usr/lib/openssh/sftp-server",
    "usr/bin/xenstore",
    *tools.PROGRAMS,
)
OPTIONAL = ("usr/lib/openssh/sshd-session", "usr/lib/openssh/sshd-auth")
"""Parts of sshd since OpenSSH 9.8."""
XEN_PROGRAMS = (
    "libxl-save-helper",
    "xen-init-dom0",
    "xenconsole",
    "xenconsoled",
    "xenstored",
    "xl",
)
TREES = ("etc/xen/scripts", "usr/lib/xen-common/bin")
LOADED = ("libgcc_s.so.1", *tools.LIBRARIES)
"""What nothing here says that it needs: libc opens the first by its name, to end a thread."""
_LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib")
_MERGED = ("bin", "lib", "lib64", "sbin")
_EMPTY = (
    "dev",
    "proc",
    "root",
    "run/lock",
    "run/sshd",
    "run/xen",
    "run/xenstored",
    "sys",
    "tmp",
    "var/empty",
    "var/lib/xen",
    "var/lib/xenstored",
    "var/log/xen/console",
    "var/tmp",
)
_FILES = {
    "etc/passwd": "root:*:0:0:root:/root:/bin/sh\nsshd:*:101:65534::/run/sshd:/usr/sbin/nologin\n"
    + tools.builder(),
    "etc/group": f"root:x:0:\ntty:x:5:\n{tools.builders()}nogroup:x:65534:\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/hostname": "dom0\n",
    "etc/hosts": "127.0.0.1 localhost\n10.0.2.10 dom0\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/resolv.conf": "nameserver 10.0.2.3\n",
    "etc/xen/xl.conf": "",
}
_AGAIN = "run `apt update` and try again; if it stays, this release of Debian is not known to fata"


class Packages:
    """`Packages(top)` finds files below `top`, whether or not the packages know a merged /usr."""

    def __init__(self, top: Path) -> None:
        self._top = top.resolve()

    def find(self, path: str) -> Path | None:
        """The file that `path` is in a merged system, its links followed; None where there is none.

        A link that leads out of the tree is one to a file that does not exist.
        """
        for _ in range(8):
            spellings = (path, path.removeprefix("usr/"))
            found = next((p for word in spellings if _there(p := self._top / word)), None)
            if found is None:
                return None
            if not found.is_symlink():
                return found
            target = os.path.normpath(Path("/", path).parent / found.readlink())
            path = merged(target.lstrip("/"))
        return None

    def need(self, path: str) -> Path:
        """`find(path)`, or `UserError` where the packages have no such file."""
        found = self.find(path)
        if found is None:
            raise UserError(f"Debian's packages have no `/{path}`", None, _AGAIN)
        return found

    def below(self, path: str) -> tuple[str, ...]:
        """The paths of all files below a directory, sorted."""
        top = self.need(path)
        names = (entry.relative_to(top) for entry in top.rglob("*") if entry.is_file())
        return tuple(sorted(f"{path}/{name}" for name in names))


def merged(path: str) -> str:
    """`merged(path)` is the place of a file where `/bin` and its like are links into `/usr`."""
    return f"usr/{path}" if path.partition("/")[0] in _MERGED else path


def entries(packages: Packages, modules: ModuleTree, xen: str) -> tuple[Entry, ...]:
    """`entries(packages, modules, xen)` is the whole tree, without the keys of a lab."""
    return (
        *(Entry(path, Kind.DIRECTORY, mode=_mode_of(path)) for path in _EMPTY),
        *(Entry(name, Kind.LINK, f"usr/{name}".encode(), 0o777) for name in _MERGED),
        Entry("dev/console", Kind.CHARACTER_DEVICE, mode=0o600, device=(5, 1)),
        *(Entry(path, content=text.encode(), mode=0o644) for path, text in _FILES.items()),
        *_own(xen),
        *_modules(modules),
        *_programs(packages, xen),
        *_links(packages, xen),
        *tools.entries(packages),
    )


def _own(xen: str) -> Iterator[Entry]:
    own = files("fata.lab").joinpath("dom0")
    yield Entry("init", content=own.joinpath("init").read_bytes(), mode=0o755)
    yield Entry("etc/inittab", content=own.joinpath("inittab").read_bytes(), mode=0o644)
    config = own.joinpath("sshd_config").read_bytes()
    yield Entry("etc/ssh/sshd_config", content=config, mode=0o644)
    yield Entry(LAB.lstrip("/"), content=f"XEN=/{_xen(xen)}\n".encode(), mode=0o644)


def _modules(tree: ModuleTree) -> Iterator[Entry]:
    checksums = (name for name in tools.CHECKSUMS if name in tree)
    order = tree.order((*checksums, *MODULES))
    listing = "".join(f"{name}\n" for name in order)
    yield Entry("usr/lib/modules/order", content=listing.encode(), mode=0o644)
    for name in order:
        yield Entry(f"usr/lib/modules/{name}.ko", content=tree.elf(name), mode=0o644)


def _programs(packages: Packages, xen: str) -> Iterator[Entry]:
    """Programs and scripts, and the libraries that they need, and those need."""
    wanted = {path: packages.need(path) for path in PROGRAMS}
    wanted["usr/bin/ip"] = packages.find("usr/bin/ip") or packages.need("usr/sbin/ip")
    wanted |= {path: found for path in OPTIONAL if (found := packages.find(path))}
    for name in XEN_PROGRAMS:
        wanted[f"{_xen(xen)}/{name}"] = packages.need(f"{_xen(xen)}/{name}")
    wanted |= {path: packages.need(path) for tree in TREES for path in packages.below(tree)}
    wanted |= {path: packages.need(path) for path in tools.python(packages)}
    done: set[str] = set()
    needed: set[str] = set(LOADED)
    while wanted:
        for path, file in sorted(wanted.items()):
            content = file.read_bytes()
            executable = bool(file.stat().st_mode & stat.S_IXUSR)
            yield Entry(path, content=content, mode=0o755 if executable else 0o644)
            done.add(path.rpartition("/")[2])
            if is_elf(content):
                elf = parse_elf(content, str(file))
                needed.update(elf.needed)
                if elf.interpreter:
                    needed.add(elf.interpreter.rpartition("/")[2])
        wanted = dict(_library(packages, name) for name in sorted(needed - done))


def _library(packages: Packages, name: str) -> tuple[str, Path]:
    for directory in _LIBRARIES:
        found = packages.find(f"{directory}/{name}")
        if found is not None:
            return f"{directory}/{name}", found
    raise UserError(f"Debian's packages have no library `{name}`", None, _AGAIN)


def _links(packages: Packages, xen: str) -> Iterable[Entry]:
    links = {
        "usr/bin/sh": "dash",
        "usr/lib64/ld-linux-x86-64.so.2": "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "var/run": "../run",
        "var/lock": "../run/lock",
    }
    links |= {f"usr/sbin/{name}": f"../../{_xen(xen)}/{name}" for name in XEN_PROGRAMS}
    for word in ("exists", "list", "ls", "read", "rm", "watch", "write"):
        links[f"usr/bin/xenstore-{word}"] = "xenstore"
    return [Entry(path, Kind.LINK, target.encode(), 0o777) for path, target in links.items()]


def _xen(version: str) -> str:
    return f"usr/lib/xen-{version}/bin"


def _mode_of(path: str) -> int:
    return {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}.get(path, 0o755)


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()

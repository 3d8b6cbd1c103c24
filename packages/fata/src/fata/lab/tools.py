"""What a lab has besides Xen, so that `fata deploy` and `git push` can come to it.

A real host has it from `fata host setup`: Python, nftables, git, age, what keeps builds apart, and
the directories. They are on a disk, which is made anew at every start, since memory is scarce.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fata.host.kind import STATE
from fata.host.layout import BUILDER, DIRECTORIES
from fata.image.cpio import Entry, Kind
from fata.kernel.tool import run

if TYPE_CHECKING:
    from fata.lab.root import Packages

PACKAGES = ("age", "git", "nftables", "openssh-client", "python3")
PARTS = r"(?:lib)?python3(?:\.\d+)?-(?:minimal|stdlib)"
"""The packages that Python of the distribution is made of, as a regular expression."""

MODULES = (
    "nf_tables",
    "nft_chain_nat",
    "nft_ct",
    "nft_fib_ipv4",
    "nft_masq",
    "nft_nat",
    "ext4",
)
CHECKSUMS = ("crc32c_generic", "crc32c_cryptoapi", "libcrc32c")
"""Modules that others look for by what they do, where the kernel has not got it built in."""

PROGRAMS = (
    "usr/bin/age",
    "usr/bin/age-keygen",
    "usr/bin/git",
    "usr/bin/prlimit",
    "usr/bin/setpriv",
    "usr/bin/setsid",
    "usr/bin/ssh-keygen",
    "usr/bin/unshare",
    "usr/sbin/nft",
)
LIBRARIES = ("libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1")
"""What extensions of Python that are made for many systems may need (PEP 600)."""

BUILDER_ID = 102
DISK = "/dev/vdb"
DISK_BYTES = 4 << 30
"""The size of the disk; what nobody writes takes no room."""

SCRATCH = f"{STATE}/scratch"
"""What is there in the place of the directory for temporary files."""

_BYTES_PER_FILE = 1 << 16
_UNUSED = "config-3|ensurepip|idlelib|lib2to3|pydoc_data|test|tkinter"
_LINKS = {
    "usr/bin/git-receive-pack": "git",
    "usr/bin/git-upload-pack": "git",
    "usr/lib/git-core/git": "../../bin/git",
    # Before that of busybox, which does not speak JSON.
    "usr/sbin/ip": "../bin/ip",
}


def python(packages: Packages) -> tuple[str, ...]:
    """`python(packages)` is the paths of the interpreter's program and library."""
    program = packages.need("usr/bin/python3").name
    top = f"usr/lib/{program}"
    files = (path for path in packages.below(top) if packages.find(path) is not None)
    unused = re.compile(f"{top}/(?:{_UNUSED})")
    return (f"usr/bin/{program}", *(path for path in files if not unused.match(path)))


def compile_library(packages: Packages) -> None:
    """`compile_library(packages)` compiles Python's library, as its packages do once installed.

    Without, each start of an emulated Python takes a quarter of a minute. It is done by the
    interpreter of the packages, with their libraries. Raises `UserError`.
    """
    program = packages.need("usr/bin/python3")
    library = packages.need(f"usr/lib/{program.name}")
    libc = packages.need("usr/lib/x86_64-linux-gnu/libc.so.6").parent
    places = f"{libc}:{packages.need('usr/lib/x86_64-linux-gnu/libexpat.so.1').parent}"
    run(
        [
            *(str(packages.need("usr/lib64/ld-linux-x86-64.so.2")), "--library-path", places),
            *(str(program), "-I", "-S", "-m", "compileall", "-q"),
            *("-s", os.fspath(library.parents[2]), "-p", "/", "-x", f"/(?:{_UNUSED})"),
            *("--invalidation-mode", "unchecked-hash", os.fspath(library)),
        ],
        None,
        "see that this machine runs programs for x86-64, and what it says",
    )


def entries(packages: Packages) -> Iterator[Entry]:
    """`entries(packages)` is links, directories, and the script that makes the disk."""
    program = packages.need("usr/bin/python3").name
    for path, target in {**_LINKS, "usr/bin/python3": program}.items():
        yield Entry(path, Kind.LINK, target.encode(), 0o777)
    yield Entry("usr/share/git-core/templates", Kind.DIRECTORY, mode=0o755)
    yield Entry("usr/sbin/fata-lab-disk", content=script().encode(), mode=0o755)


def script() -> str:
    """`script()` makes the file system of the disk and the directories of a host, once."""
    made = "".join(
        f"mkdir -p {path}; chmod {mode:o} {path}; chown {owner}: {path}\n"
        for path, (mode, owner) in DIRECTORIES.items()
    )
    return f"""\
#!/bin/sh -e
# The disk is a new one at each start of the lab, whose saved state is of before it was looked at.
PATH=/usr/sbin:/usr/bin
cd /
grep -q ' {STATE} ' /proc/mounts && exit
mke2fs -F -i {_BYTES_PER_FILE} {DISK} >/dev/null
mkdir -p {STATE}
mount -t ext4 {DISK} {STATE}
{made}mkdir -m 1777 {SCRATCH}
mount -o bind {SCRATCH} tmp
"""


def builders() -> str:
    """The line of group(5) for who builds."""
    return f"{BUILDER}:x:{BUILDER_ID}:\n"


def builder() -> str:
    """The line of passwd(5) for who builds."""
    home = f"{STATE}/build"
    return f"{BUILDER}:*:{BUILDER_ID}:{BUILDER_ID}:Builds of fata:{home}:/usr/sbin/nologin\n"

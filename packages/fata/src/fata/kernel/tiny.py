"""The provider `tiny`: a kernel built here from the distribution's source, with our fragments.

`make tinyconfig`, the fragments of a profile, `make olddefconfig`, a check that nothing of the
fragments was lost, `make vmlinux`, and the image packed (see `vmlinux`). The same source, fragments
and compiler give the same bytes, and are built once per cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fata.kernel import source as sources
from fata.kernel import store
from fata.kernel.fragments import has_feature, lost, merged
from fata.kernel.model import Kernel
from fata.kernel.modules import FEATURES
from fata.kernel.store import Facts
from fata.kernel.tool import need
from fata.kernel.vmlinux import BadKernelError, pack
from functoria.error import UserError

PROVIDER = "tiny"
IMAGE = "vmlinux"

_PROGRAMS = (
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("xz", "xz-utils"),
    ("tar", "tar"),
)
_HEADERS = (("libelf.h", "libelf-dev"), ("openssl/opensslv.h", "libssl-dev"))
# What an unpacked source and its objects take, in bytes, with some room.
_SPACE = 3 << 30
# Compiled files of a build; how many there were replaces it as soon as one was built.
_OBJECTS = 900
_FIXED = {
    "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 1970",
    "KBUILD_BUILD_USER": "fata",
    "KBUILD_BUILD_HOST": "fata",
    "KBUILD_BUILD_VERSION": "1",
    "LC_ALL": "C.UTF-8",
}


def build(profile: str, report: Callable[[str], None]) -> Kernel:
    """The kernel of a profile, from the cache or built now: minutes, and 3 GB for their time.

    Raises `UserError` where source, tools or space are missing, where the source no longer has a
    symbol of the fragments, and where the build fails.
    """
    wanted = merged(profile)
    _check_tools()
    found = sources.newest()
    compiler = _compiler()
    key = _key(found, wanted, compiler)
    directory = store.cache_directory()
    name = f"{PROVIDER}-{profile}-{key}"
    with store.making(directory, name, report) as scratch:
        if (kernel := _cached(directory, key, report)) is not None:
            return kernel
        _check_space(directory)
        tree = sources.unpack(found, scratch, report)
        config = _configure(tree, wanted, directory)
        objects = _compile(tree, directory / f"{name}.log", _expected(directory, profile), report)
        staged = scratch / "entry"
        staged.mkdir()
        _collect(tree, staged, config)
        facts = Facts(
            provider=PROVIDER,
            profile=profile,
            key=key,
            version=(tree / "include/config/kernel.release").read_text().strip(),
            package=found.package.name,
            package_version=found.package.version,
            features={name: () for name in sorted(FEATURES) if has_feature(profile, name)},
            image=IMAGE,
            fragments=hashlib.sha256(wanted.encode()).hexdigest(),
            objects=objects,
        )
        kernel = store.publish(directory, staged, facts)
    report(f"kernel {kernel.version} built: {kernel.image.stat().st_size:,} bytes")
    return kernel


def _key(source: sources.Source, wanted: str, compiler: str) -> str:
    package = f"{source.package.name} {source.package.version}"
    text = "\n".join((str(store.FORMAT), package, compiler, wanted))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cached(directory: Path, key: str, report: Callable[[str], None]) -> Kernel | None:
    """The kernel of the key, whatever its profile was called when it was built."""
    for entry in store.entries(directory):
        if not (entry.name.startswith(f"{PROVIDER}-") and entry.name.endswith(f"-{key}")):
            continue
        try:
            return store.load(entry)[0]
        except store.DamagedEntryError as error:
            report(f"{error}; building it again")
    return None


def _check_tools() -> None:
    for program, package in _PROGRAMS:
        need(program, package, "a kernel is built with it")
    for header, package in _HEADERS:
        if not any((base / header).exists() for base in _include_directories()):
            raise UserError(
                f"the C header `{header}` is not installed: a kernel is built with it",
                None,
                f"install it with `apt install {package}`",
            )


def _include_directories() -> list[Path]:
    # Debian keeps headers that differ by architecture one level deeper.
    include = Path("/usr/include")
    return [include, *sorted(include.glob("*-linux-gnu"))]


def _compiler() -> str:
    """The first lines of what compiler and linker say about themselves."""
    lines = []
    for program in ("gcc", "ld"):
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        lines.append(done.stdout.partition("\n")[0])
    return "\n".join(lines)


def _check_space(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < _SPACE:
        raise UserError(
            f"a kernel needs {_SPACE >> 30} GB while it is built, and {free >> 20} MB are free",
            str(directory),
            "free some space there, or set XDG_CACHE_HOME to a directory with more",
        )


def _make(tree: Path, *targets: str) -> Sequence[str]:
    return ("make", "-C", os.fspath(tree), "--no-print-directory", *targets)


def _environment() -> Mapping[str, str]:
    """The caller's environment without what changes a kernel, with fixed names and dates."""
    foreign = ("KBUILD", "KCONFIG", "KCFLAGS", "KAFLAGS", "KCPPFLAGS", "LOCALVERSION", "MAKEFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    for name in ("ARCH", "CROSS_COMPILE", "CFLAGS", "LDFLAGS", "O", "V", "CC", "LD", "LLVM"):
        kept.pop(name, None)
    return kept | _FIXED


def _configure(tree: Path, wanted: str, directory: Path) -> str:
    """The finished configuration; raises `UserError` naming each line that did not survive."""
    _quietly(_make(tree, "tinyconfig"), "make tinyconfig", directory)
    with (tree / ".config").open("a") as file:
        file.write(wanted)
    _quietly(_make(tree, "olddefconfig"), "make olddefconfig", directory)
    config = (tree / ".config").read_text()
    if missing := lost(wanted, config):
        raise UserError(
            f"this kernel source drops from our configuration: {', '.join(missing)}",
            "fata/kernel/fragments",
            "report it with the name of your distribution; until then use `--kernel debian`",
        )
    return config


def _quietly(command: Sequence[str], what: str, directory: Path) -> None:
    done = subprocess.run(
        command, env=_environment(), capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        last = "; ".join(done.stderr.strip().splitlines()[-3:])
        raise UserError(f"`{what}` failed: {last}", str(directory), "see what it says is missing")


def _expected(directory: Path, profile: str) -> int:
    """How many files the last build of the profile compiled."""
    for entry in reversed(store.entries(directory)):
        try:
            _, facts = store.load(entry)
        except store.DamagedEntryError:
            continue
        if facts.provider == PROVIDER and facts.profile == profile and facts.objects:
            return facts.objects
    return _OBJECTS


def _compile(tree: Path, log: Path, expected: int, report: Callable[[str], None]) -> int:
    """The number of files compiled; the log stays only where the build failed."""
    jobs = os.cpu_count() or 1
    report(f"compiling about {expected} files with {jobs} jobs")
    last: deque[str] = deque(maxlen=12)
    compiled = shown = 0
    command = _make(tree, f"-j{jobs}", "vmlinux")
    with (
        log.open("w") as copy,
        subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                copy.write(line)
                last.append(line.rstrip())
                compiled += line.startswith("  CC ")
                percent = min(99, 100 * compiled // expected)
                if percent >= shown + 5:
                    shown = percent - percent % 5
                    report(f"compiling: {shown} %")
        except BaseException:
            _stop(process)
            raise
    if process.returncode != 0:
        raise UserError(
            "the kernel does not build:\n    " + "\n    ".join(last),
            str(log),
            "read the whole log there; a full disk or little memory are the usual reasons",
        )
    log.unlink()
    return compiled


def _stop(process: subprocess.Popen[str]) -> None:
    """End make and its children, which are a process group of their own."""
    try:
        os.killpg(process.pid, 15)
    except ProcessLookupError:
        return
    process.wait()


def _collect(tree: Path, staged: Path, config: str) -> None:
    try:
        image = pack((tree / "vmlinux").read_bytes())
    except BadKernelError as error:
        raise UserError(
            f"the kernel that was built cannot be booted: {error}",
            str(tree / "vmlinux"),
            "build it again with `fata kernel build`",
        ) from error
    (staged / IMAGE).write_bytes(image)
    (staged / "config").write_text(config)

"""What the interpreter that will be packed says of itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fata.cache import Cache, cache_directory, key_of
from functoria.error import UserError

FACTS = 1  # raise when PROBE changes, so that facts kept by an older fata are asked for again

PROBE = """
import sys
boot = sorted(sys.modules)
import _imp, json, os, sysconfig
from encodings.aliases import aliases
from importlib.util import MAGIC_NUMBER
stdlib = os.path.dirname(os.__file__)
dynload = [p for p in sys.path if os.path.basename(p) == "lib-dynload"]
print(json.dumps({
    "executable": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "cache_tag": sys.implementation.cache_tag,
    "machine": os.uname().machine,
    "prefix": os.path.realpath(sys.base_prefix),
    "stdlib": os.path.realpath(stdlib),
    "dynload": os.path.realpath(dynload[0]) if dynload else "",
    "builtins": sorted(sys.builtin_module_names),
    "frozen": sorted(_imp._frozen_module_names()),
    "stdlib_names": sorted(sys.stdlib_module_names),
    "suffixes": _imp.extension_suffixes(),
    "magic": MAGIC_NUMBER.hex(),
    "boot": boot,
    "codecs": dict(aliases),
    "sysconfigdata": sysconfig._get_sysconfigdata_name(),
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """`Interpreter(...)` is what one CPython executable says of itself under `-I -S`."""

    executable: Path
    """The real path, outside of any virtual environment."""
    version: tuple[int, int, int]
    cache_tag: str
    """As in `__pycache__/os.cpython-311.pyc`."""
    machine: str
    """As in uname(2): `x86_64`."""
    prefix: Path
    stdlib: Path
    dynload: Path
    builtins: tuple[str, ...]
    frozen: tuple[str, ...]
    stdlib_names: tuple[str, ...]
    suffixes: tuple[str, ...]
    """What names of extension modules end with, in the order they are looked for."""
    magic: str
    """The bytecode's magic number, hexadecimal."""
    boot: tuple[str, ...]
    """The modules loaded before the first line of a program runs."""
    codecs: tuple[tuple[str, str], ...]
    """Aliases of codecs and the modules of `encodings` they name."""
    sysconfigdata: str
    """The module that `sysconfig` imports under a computed name."""

    @property
    def short_version(self) -> str:
        """`short_version` is `3.11` of 3.11.2."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def platform(self) -> str:
        """`platform` is the kernel and machine that binaries are for: `linux-x86_64`."""
        return f"linux-{self.machine}"


def interpreter(executable: Path) -> Interpreter:
    """`interpreter(executable)` is the facts of a CPython 3.11 or newer, asked once and cached.

    Raises `UserError` where it cannot be run or is another Python.
    """
    where = str(executable)
    try:
        status = executable.resolve(strict=True).stat()
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"there is no Python interpreter at `{executable}`",
            where,
            "name one that exists, for example `/usr/bin/python3.11`",
        ) from error
    identity = (str(FACTS), where, str(status.st_mtime_ns), str(status.st_size))
    cache, key = Cache(cache_directory() / "interpreters"), key_of(*identity)
    known = _decode(cache.get(key))
    if known is not None:
        return known
    facts = _ask(executable)
    cache.put(key, json.dumps(_plain(facts), sort_keys=True).encode())
    return facts


def _ask(executable: Path) -> Interpreter:
    where = str(executable)
    try:
        done = subprocess.run(
            [executable, "-I", "-S", "-c", PROBE], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            f"`{executable}` cannot be run: {error}", where, "name a working CPython 3.11 or newer"
        ) from error
    found = _decode(done.stdout) if done.returncode == 0 else None
    if found is None or found.version < (3, 11):
        raise UserError(f"`{executable}` is not CPython 3.11 or newer", where, "name one that is")
    return found


def _plain(facts: Interpreter) -> dict[str, object]:
    plain = {name: str(v) if isinstance(v, Path) else v for name, v in asdict(facts).items()}
    return {**plain, "implementation": "cpython", "codecs": dict(facts.codecs)}


def _decode(blob: bytes | None) -> Interpreter | None:
    try:
        raw: dict[str, Any] = json.loads(blob or b"")
        if raw.pop("implementation") != "cpython" or not raw["dynload"]:
            return None
        fields: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in raw.items()
        }
        for name in ("executable", "prefix", "stdlib", "dynload"):
            fields[name] = Path(fields[name])
        fields["codecs"] = tuple(sorted(fields["codecs"].items()))
        return Interpreter(**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

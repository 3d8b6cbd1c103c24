"""fata.lock: which versions, with which hashes, the requirements of config.py resolve to."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fata.cache import key_of
from fata.closure.interpreter import Interpreter
from fata.requirements import uv
from fata.requirements.requirement import Requirement, check, local_file
from functoria.action import WriteFile, run
from functoria.error import UserError

_FORMAT = re.compile(
    r"# (?P<intro>[^\n]*)\n# inputs: sha256:(?P<inputs>[0-9a-f]{64})\n"
    r"# pins: sha256:(?P<pins>[0-9a-f]{64})\n(?P<text>.*)",
    re.DOTALL,
)
_INTRODUCTION = (
    "What the requirements of config.py resolve to. fata writes this: commit, do not edit"
)
_MARK = b"fata writes this"


@dataclass(frozen=True, slots=True)
class Lock:
    """`Lock(path, pins, inputs)` is a resolution: hashed, pinned requirements for one platform.

    `pins` is requirements text as pip reads it, empty where nothing is required; `inputs` is the
    digest of what was resolved. `actions` is what keeps it in the file `path`.
    """

    path: Path
    pins: str
    inputs: str
    requirements: tuple[Requirement, ...] = ()

    @property
    def actions(self) -> tuple[WriteFile, ...]:
        """`actions` is the writing of the file: none where nothing is required."""
        if not self.requirements:
            return ()
        header = f"# {_INTRODUCTION}\n# inputs: sha256:{self.inputs}\n# pins: sha256:"
        content = f"{header}{_digest(self.pins)}\n{self.pins}".encode()
        return (WriteFile(self.path, content, _MARK),)

    @property
    def packages(self) -> tuple[str, ...]:
        """`packages` is the pins without their hashes, as in `starlette==1.0.0`, in order."""
        lines = [line for line in self.pins.splitlines() if line[:1] not in {"", " ", "#"}]
        return tuple(line.rstrip("\\ ") for line in lines)


def lock(
    requirements: Sequence[Requirement],
    interpreter: Interpreter,
    lockfile: Path,
    report: Callable[[str], None],
) -> Lock:
    """`lock(...)` is `resolved(...)`, kept in `lockfile` from now on."""
    made = resolved(requirements, interpreter, lockfile, report)
    run(made.actions)
    return made


def resolved(
    requirements: Sequence[Requirement],
    interpreter: Interpreter,
    lockfile: Path,
    report: Callable[[str], None],
) -> Lock:
    """`resolved(requirements, interpreter, lockfile, report)` is the resolution for `lockfile`.

    uv resolves anew only when the requirements, the Python version or the platform changed since,
    and then keeps earlier pins that still fit. Raises `UserError` at the requirement at fault.
    """
    wanted = tuple(sorted(requirements, key=lambda r: r.text))
    project = lockfile.parent
    for requirement in wanted:
        check(requirement, project)
    inputs = _digest_of_inputs(wanted, interpreter, project)
    if not wanted:
        return Lock(lockfile, "", inputs)
    known = _read(lockfile)
    if known is not None and known.inputs == inputs:
        return Lock(lockfile, known.pins, inputs, wanted)
    report(f"resolving {len(wanted)} requirement{'s' if len(wanted) > 1 else ''}")
    pins = _resolve(wanted, interpreter, lockfile, known.pins if known else "")
    return Lock(lockfile, pins, inputs, wanted)


def _digest_of_inputs(
    requirements: Sequence[Requirement], interpreter: Interpreter, project: Path
) -> str:
    parts = [interpreter.short_version, interpreter.platform]
    for requirement in requirements:
        parts.append(requirement.text)
        path = local_file(requirement, project)
        if path is not None:
            parts.append(hashlib.sha256(path.read_bytes()).hexdigest())
    return key_of(*parts)


def _resolve(
    requirements: Sequence[Requirement], interpreter: Interpreter, lockfile: Path, pins: str
) -> str:
    arguments = ["pip", "compile", "--generate-hashes", "--no-header", "--quiet"]
    arguments += ["--python", os.fspath(interpreter.executable)]
    with tempfile.TemporaryDirectory(prefix="fata-lock-") as scratch:
        output = Path(scratch) / "pins.txt"  # uv prefers the pins that it finds in its output
        if pins:
            output.write_text(pins, encoding="utf-8")
        uv.run(
            [*arguments, "--output-file", os.fspath(output), "-"],
            directory=lockfile.parent,
            requirements=requirements,
            lockfile=lockfile,
            text="".join(f"{r.text}\n" for r in requirements),
        )
        text = output.read_text(encoding="utf-8")
    return re.sub(r"-r -(?=\n|$)", "config.py", text)


def _read(lockfile: Path) -> Lock | None:
    try:
        match = _FORMAT.fullmatch(lockfile.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        match = None
    if match is None or _digest(match["text"]) != match["pins"]:
        raise UserError(
            f"`{lockfile.name}` is not as fata wrote it: its pins do not have the digest it states",
            str(lockfile),
            "restore it from version control, or delete it to resolve the requirements anew",
        )
    return Lock(lockfile, match["text"], match["inputs"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""uv, run as a program, and its failures in the words of a `UserError`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import uv

from fata.requirements.requirement import Requirement, name_of, normal_name
from functoria.error import Position, UserError

LONGEST_REASON = 300

_NETWORK = re.compile(
    r"error sending request|client error|dns error|connection|timed out|tls|"
    r"network (?:is|was) disabled|network connectivity",
    re.IGNORECASE,
)


def run(
    arguments: Sequence[str],
    *,
    directory: Path,
    requirements: Sequence[Requirement],
    lockfile: Path,
    text: str = "",
) -> str:
    """`run(arguments, ...)` is what uv wrote to its standard output, given `text` as its input.

    Raises `UserError` with uv's own reason, shortened, at the requirement that it speaks of.
    """
    command = [uv.find_uv_bin(), *arguments, "--color", "never", "--no-progress"]
    environment = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "UV_PYTHON"}}
    done = subprocess.run(
        command,
        cwd=directory,
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise explain(done.stderr, requirements, lockfile)
    return done.stdout


def explain(stderr: str, requirements: Sequence[Requirement], lockfile: Path) -> UserError:
    """`explain(stderr, requirements, lockfile)` is the user's error behind a failed run of uv."""
    reason = _reason(stderr)
    where = _culprit(reason, requirements)
    if re.search(r"hash mismatch|hashes? .*(?:match|missing)", stderr, re.IGNORECASE):
        return UserError(
            f"a download is not the one that was locked: {reason}",
            str(lockfile),
            f"find out why the index changed it; if that is in order, delete `{lockfile.name}` "
            "and build again",
        )
    unknown = re.search(r"(\S+) was not found in the (?:package registry|provided)", reason)
    if unknown:
        return UserError(
            f"the package index has no package called `{unknown[1]}`",
            where,
            "check the spelling: the name to give is the one of its page in the index",
        )
    if "No solution found" in stderr:
        return UserError(
            f"the requirements cannot be met: {reason}",
            where,
            "loosen or remove one of the versions that contradict each other",
        )
    if _NETWORK.search(reason):
        return UserError(
            f"the package index cannot be reached: {reason}",
            where,
            "check the network and the index that uv is set up for, then build again",
        )
    return UserError(
        f"the requirements cannot be installed: {reason}",
        where,
        "mend or remove the requirement that this names",
    )


def _reason(stderr: str) -> str:
    """The last chain of causes of uv's report on one line."""
    lines = [re.sub(r"^\W*(?:cause:|error:)?\s*", "", line) for line in stderr.splitlines()]
    kept = [
        line.strip()
        for line in lines
        if line.strip() and not line.startswith(("Using ", "Resolved ", "Prepared ", "No solution"))
    ]
    text = "; ".join(dict.fromkeys(kept)) or "uv gave no reason"
    text = re.sub(r"\s+", " ", text).rstrip(".")
    text = re.sub(r"^Because |, we can conclude that.*", "", text)
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."


def _culprit(reason: str, requirements: Sequence[Requirement]) -> Position | str | None:
    words = {normal_name(w) for w in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*", reason)}
    words |= {normal_name(re.split(r"[=<>!~\[]", w)[0]) for w in reason.split()}
    for requirement in requirements:
        if name_of(requirement) in words:
            return requirement.where
    return requirements[0].where if requirements else None

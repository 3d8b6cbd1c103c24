"""A clean checkout of a repository's last commit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from functoria.error import UserError
from functoria.position import from_here

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Repository:
    """`Repository(root, directory, commit, changed)` is where a project is under git.

    `directory` is the project's, from `root`. `commit` is HEAD; `changed` is how many files
    differ from it or are not in it.
    """

    root: Path
    directory: Path
    commit: str
    changed: int


def repository(project: Path) -> Repository:
    """`repository(project)` is the repository around the directory. Raises `UserError`."""
    root = root_of(project)
    shown = from_here(root)
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if commit.returncode:
        raise UserError("there is no commit yet", shown, "commit the project: `git commit`")
    status = _git(root, "status", "--porcelain", "-z", "--untracked-files=normal")
    return Repository(
        root,
        project.resolve().relative_to(root),
        commit.stdout.strip(),
        sum(1 for entry in status.stdout.split("\0") if entry[2:3] == " "),
    )


def root_of(project: Path) -> Path:
    """`root_of(project)` is the root of the repository around it. Raises `UserError`."""
    found = _git(project, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise UserError(
            "the project is in no git repository",
            from_here(project.resolve()),
            "make one: `git init`, `git add .`, `git commit`",
        )
    return Path(found.stdout.removesuffix("\n"))


def check_out(source: Repository, target: Path) -> None:
    """Make `target` a clone that has the commit of `source` checked out, sharing no file.

    Raises `UserError` where git refuses.
    """
    clone = ("clone", "--quiet", "--no-hardlinks", "--no-checkout", "--", str(source.root))
    for words in (
        (*clone, str(target)),
        ("-C", str(target), "checkout", "--quiet", "--detach", source.commit),
    ):
        done = _git(source.root, *words)
        if done.returncode:
            raise UserError(
                f"the commit {source.commit[:12]} cannot be checked out: {_last(done.stderr)}",
                from_here(source.root),
                "see `git status` and `git fsck`, and that there is room in the temporary "
                "directory, or name another in TMPDIR",
            )


def _git(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Within a hook, git's own variables would name another repository (githooks(5)).
    local = {name: text for name, text in os.environ.items() if not _names_repository(name)}
    try:
        return subprocess.run(
            ["git", *words],
            cwd=directory,
            env={**local, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UserError("git is not installed", None, "install it: `apt-get install git`") from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`git {words[0]}` did not end within {_SECONDS} s",
            from_here(directory),
            "see what the machine is busy with, then run the command again",
        ) from None


def _names_repository(name: str) -> bool:
    kept = ("GIT_CONFIG", "GIT_SSL")
    return name.startswith("GIT_") and not name.startswith(kept)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "git did not say why"

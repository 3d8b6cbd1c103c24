"""The commit, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fata.ci.checkout import check_out, repository
from fata.ci.render.forgejo import CHECKOUT
from functoria.error import UserError

WHO = {
    **{f"GIT_{who}_NAME": "a" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def git(directory: Path, *words: str, **variables: str) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=directory,
        env={**os.environ, **WHO, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    project = root / "site"
    project.mkdir(parents=True)
    (project / "file").write_text("first\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return project


def test_what_is_not_committed_is_counted_and_left(committed: Path, tmp_path: Path) -> None:
    (committed / "file").write_text("second\n")
    (committed / "new name").write_text("")
    found = repository(committed)
    assert (found.directory, found.changed) == (Path("site"), 2)
    check_out(found, tmp_path / "clean")
    assert (tmp_path / "clean/site/file").read_text() == "first\n"
    assert not (tmp_path / "clean/site/new name").exists()
    objects = [p for p in (tmp_path / "clean/.git/objects").rglob("*") if p.is_file()]
    assert objects
    assert all(path.stat().st_nlink == 1 for path in objects)


def test_a_hooks_variables_do_not_lead_astray(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    assert repository(committed).directory == Path("site")


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="in no git repository"):
        repository(tmp_path)
    git(tmp_path, "init", "-q")
    with pytest.raises(UserError, match="no commit yet"):
        repository(tmp_path)


def test_how_forgejo_gets_the_commit(committed: Path, tmp_path: Path) -> None:
    (committed / "file").write_text("second\n")
    git(committed, "commit", "-qam", "second")
    commit = git(committed, "rev-parse", "HEAD~0")
    settings = (
        ("remote.origin.url", (committed.parent).as_uri()),
        ("remote.origin.fetch", commit),
        ("http.extraHeader", "Authorization: token x"),
    )
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    clean = tmp_path / "clean"
    clean.mkdir()
    for command in CHECKOUT:
        git(clean, *command.words[1:], **variables)
    assert (clean / "site/file").read_text() == "second\n"
    assert git(clean, "rev-list", "--count", "HEAD") == "1"
    assert "token" not in (clean / ".git/config").read_text()

"""`fata host remote`: the project's repository learns where to push."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

from fata.cli.place import Place, place_of, placed
from functoria.cli.settings import Settings, common
from functoria.error import UserError

_STRANGE = re.compile(r"[^A-Za-z0-9_.-]+")


@click.command("remote")
@common
@placed
@click.option("--name", metavar="NAME", help="What git is to call it; otherwise the host's name.")
@click.pass_obj
def remote(
    settings: Settings, app: str | None, environment: str, to: str | None, name: str | None
) -> None:
    """Make a host take pushes of this project, and tell git where to push.

    Afterwards `git push HOST main` builds, tests and deploys there.
    """
    from fata.settings import load

    directory = settings.config.parent
    _check_top(directory)
    place = place_of(settings, app, environment, to)
    path, become = _asked(settings, place)
    url = f"ssh://{place.host.name}{path}"
    chosen = name or _STRANGE.sub("-", place.host.name.rpartition("@")[2]).strip("-.") or "host"
    known = _git(directory, "config", "--get", f"remote.{chosen}.url").strip()
    if known not in ("", url):
        raise UserError(
            f"git has another remote `{chosen}` already",
            known,
            f"name this one with `--name`, or remove that with `git remote remove {chosen}`",
        )
    if not known:
        _git(directory, "remote", "add", "--", chosen, url, check=True)
    if become:
        # Who is not root there is not to write into the repository either.
        receive = shlex.join((*become, "git-receive-pack"))
        _git(directory, "config", f"remote.{chosen}.receivepack", receive, check=True)
    branch = load(directory).environment(environment).branch
    if branch is None:
        settings.note(
            f"no branch of fata.toml is deployed to `{environment}`; pushes are only kept"
        )
    else:
        settings.report(f"`git push {chosen} {branch}` deploys to {place.environment}")
    click.echo(url)


def _asked(settings: Settings, place: Place) -> tuple[str, tuple[str, ...]]:
    """Where the repository is on the host, and how the one who logs in there becomes root."""
    from fata.deploy.client import Remote

    request = {"app": place.app, "environment": place.environment}
    with Remote(place.host, settings.report) as host:
        answer = host.call("repository", request)
        path = str(answer.get("path", ""))
        if not re.fullmatch(r"/[A-Za-z0-9_./-]+", path):
            raise UserError(
                f"{place.host.name} does not say where its repository is",
                place.host.name,
                "see that client and host have one version of fata",
            )
        return path, host.become


def _check_top(directory: Path) -> None:
    """What is pushed is built from the top of the commit: there the project has to be."""
    top = _git(directory, "rev-parse", "--show-toplevel").strip()
    if not top:
        raise UserError(
            "the project is not in a git repository",
            str(directory),
            "make one with `git init`, and commit the project",
        )
    if Path(top).resolve() != directory.resolve():
        raise UserError(
            "the project is not at the top of its git repository, where pushes are built",
            str(directory),
            "give it a repository of its own, or use `fata deploy`",
        )


def _git(directory: Path, *words: str, check: bool = False) -> str:
    """What git says; nothing where it fails, unless that is to be told."""
    command: Sequence[str] = ("git", "-C", str(directory), *words)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        raise UserError("`git` is not installed here", None, "install the package `git`") from None
    if done.returncode == 0:
        return done.stdout
    if check:
        lines = done.stderr.strip().splitlines()
        raise UserError(
            f"git failed: {lines[-1][:300] if lines else 'without a word'}",
            str(directory),
            f"see what `{shlex.join(command)[:300]}` says",
        )
    return ""

"""Deploys from a provider's machine: a key from a secret, hosts known beforehand."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fata.child import tied
from fata.ci.guard import MARK, guarded
from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS
from fata.ci.surroundings import write_launcher
from fata.settings import Environment
from functoria.action import write_file
from functoria.error import UserError

_BEGIN = "-----BEGIN "
_PRIVATE = stat.S_IRUSR | stat.S_IWUSR
_KEEP_IT_SO = "name it in fata.toml: `host`, below `[environments.{}]`"


def deploy(environment: Environment, project: Path, variables: Mapping[str, str]) -> int:
    """`deploy(environment, project, variables)` is the exit code of `fata deploy` to its host.

    With the variable `DEPLOY_KEY` ssh knows that key and the hosts in `KNOWN_HOSTS`, and nothing
    else; both are gone afterwards, however this ends, and no command but ssh sees them. Without
    it, and where no provider runs this, ssh is as the user has it. Raises `UserError`.
    """
    if environment.host is None:
        raise UserError(
            f"the environment `{environment.name}` has no host",
            "fata.toml",
            _KEEP_IT_SO.format(environment.name),
        )
    with guarded() as run:
        launcher = run.directory / "fata"
        write_launcher(launcher)
        given = {name: text for name, text in variables.items() if name != DEPLOY_KEY}
        if DEPLOY_KEY in variables or variables.get("CI"):
            given |= _ssh(run.directory, variables)
        words = ("deploy", "--to", environment.host, "--environment", environment.name)
        done = subprocess.run(
            [str(launcher), *words],
            cwd=project,
            env={**given, MARK: run.mark},
            check=False,
            preexec_fn=tied(),
        )
    return 128 - done.returncode if done.returncode < 0 else done.returncode


def _ssh(directory: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables with which `ssh` is one that knows the key and the hosts only; git signs by it."""
    key, known = directory / "key", directory / "known_hosts"
    write_file(key, key_text(variables.get(DEPLOY_KEY, "")).encode(), _PRIVATE)
    _check_key(key)
    write_file(known, known_hosts_text(variables.get(KNOWN_HOSTS, "")).encode(), _PRIVATE)
    config = directory / "config"
    write_file(config, _config(key, known).encode(), _PRIVATE)
    own = directory / "bin"
    own.mkdir()
    words = shlex.join((_program("ssh"), "-F", str(config)))
    write_file(own / "ssh", f'#!/bin/sh\nexec {words} "$@"\n'.encode(), stat.S_IRWXU)
    path = os.pathsep.join((str(own), variables.get("PATH", os.defpath)))
    return {"PATH": path, **_git(variables, {"gpg.format": "ssh", "user.signingkey": str(key)})}


def key_text(secret: str) -> str:
    """`key_text(secret)` is the private key: as it is, in base64, or in the file it names.

    Providers that keep a secret in a file, and those that take one line only, have no other way.
    Raises `UserError`, which says nothing of the secret.
    """
    text = secret.strip()
    if text.startswith("/") and len(text) < 4096 and Path(text).is_file():
        text = Path(text).read_text(errors="replace").strip()
    if not text.startswith(_BEGIN):
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            text = ""
    if not text.startswith(_BEGIN):
        raise UserError(
            f"the secret {DEPLOY_KEY} holds no private key" if secret else f"no {DEPLOY_KEY}",
            DEPLOY_KEY,
            "make a key with `ssh-keygen -t ed25519 -N '' -f deploy`, give the file `deploy` to "
            "your provider as that secret, and `deploy.pub` to the host",
        )
    return text.replace("\r\n", "\n") + "\n"


def known_hosts_text(variable: str) -> str:
    """`known_hosts_text(variable)` is lines of known_hosts. Raises `UserError` if there is none."""
    lines = [line.strip() for line in variable.replace("\\n", "\n").splitlines()]
    whole = [line for line in lines if line and not line.startswith("#")]
    if not whole or any(len(line.split()) < 3 for line in whole):
        raise UserError(
            f"the variable {KNOWN_HOSTS} holds no keys of hosts",
            KNOWN_HOSTS,
            "take them from a machine that knows the host: `ssh-keygen -F HOST`; compare their "
            "fingerprint with the one that the host itself shows",
        )
    return "\n".join(whole) + "\n"


def _config(key: Path, known: Path) -> str:
    """As ssh_config(5) has it. A host that is not known is refused, and no other key is tried."""
    return (
        "Host *\n"
        f'  IdentityFile "{key}"\n'
        "  IdentitiesOnly yes\n"
        "  IdentityAgent none\n"
        f'  UserKnownHostsFile "{known}"\n'
        "  GlobalKnownHostsFile /dev/null\n"
        "  StrictHostKeyChecking yes\n"
        "  UpdateHostKeys no\n"
    )


def _check_key(key: Path) -> None:
    done = subprocess.run(
        [_program("ssh-keygen"), "-y", "-P", "", "-f", str(key)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UserError(
            f"the private key in {DEPLOY_KEY} cannot be used",
            DEPLOY_KEY,
            "give it whole, with its first and last line, and without a passphrase",
        )


def _git(variables: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """git-config(1), ENVIRONMENT: settings after those that are there."""
    text = variables.get("GIT_CONFIG_COUNT", "0")
    first = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    found = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        found[f"GIT_CONFIG_KEY_{number}"] = name
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise UserError(
            f"there is no `{name}`", None, "install it: `apt-get install openssh-client`"
        )
    return path

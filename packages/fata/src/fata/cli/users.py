"""`fata host allow`, `disallow` and `users`: who may come to a host, and what for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from functoria.cli.settings import Settings, common
from functoria.error import UsageError, UserError

if TYPE_CHECKING:
    from fata.deploy.policy.requests import Listed

_MOST = 1 << 18
_to = click.option(
    "--to", metavar="HOST", required=True, help="What ssh reaches, as an administrator."
)


@click.command("allow")
@common
@_to
@click.option(
    "--app", "apps", multiple=True, metavar="APP", help="An app of theirs; `shop-*` for several."
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    help="An environment that they change; otherwise all.",
)
@click.option(
    "--may",
    multiple=True,
    metavar="VERB",
    help="What they may do; otherwise all but remove apps.",
)
@click.option("--guests", type=click.IntRange(min=0), metavar="N", help="At once, at most.")
@click.option("--memory", metavar="SIZE", help="For all their guests, such as `1GiB`.")
@click.option("--cpus", type=click.IntRange(min=0), metavar="N", help="For all their guests.")
@click.option("--disk", metavar="SIZE", help="For all their volumes.")
@click.option("--bridge", "bridges", multiple=True, metavar="NAME", help="One that they may use.")
@click.option(
    "--ports", multiple=True, metavar="RANGE", help="Ports of the host, such as `8000-8999`."
)
@click.option(
    "--signer",
    "signers",
    multiple=True,
    metavar="WHO",
    help="Who has to have signed what they bring.",
)
@click.argument("name")
@click.argument("keyfile", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def allow(settings: Settings, /, to: str, name: str, keyfile: Path, **said: object) -> None:
    """Let a user come to a host, with the keys in KEYFILE.

    They get no shell, and may do there what the options say. Without options a user who is
    known keeps what they may do, and has these keys from now on.
    """
    request = {key: value for key, value in said.items() if value not in (None, ())}
    answer = _asked(to, {"action": "allow", "name": name, "keys": _keys(keyfile), **request})
    (user,) = _users([answer.get("user")])
    if answer.get("changed") is not True:
        settings.report("nothing to do")
    settings.report(f"{user.name} comes in with {' and '.join(user.keys)}")
    settings.report(f"{user.name} may {', '.join(user.may) or 'see'}: {_where(user)}")
    for limit in _limits(user):
        settings.report(f"{limit} at most")


@click.command("disallow")
@common
@_to
@click.argument("name")
@click.pass_obj
def disallow(settings: Settings, to: str, name: str) -> None:
    """Let a user come to a host no longer.

    What runs there goes on.
    """
    _asked(to, {"action": "disallow", "name": name})
    settings.report(f"{name} is no user of {to} any more")


@click.command("users")
@common
@_to
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def users(settings: Settings, to: str, as_json: bool) -> None:
    """List who may do what on a host.

    Its administrators are not among them.
    """
    from fata.deploy.shown import table

    answer = _asked(to, {"action": "list"})
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True))
        return
    rows = [
        (user.name, _where(user), " ".join(user.may) or "-", ", ".join(_limits(user)) or "-")
        for user in _users(answer.get("users"))
    ]
    for line in table([("USER", "APPS", "MAY", "AT MOST"), *rows]) if rows else ():
        click.echo(_plain(line))
    if not rows:
        settings.report(f"{to} has no users but its administrators")


def _asked(to: str, request: Mapping[str, object]) -> Mapping[str, object]:
    from fata.deploy.client import call
    from fata.host.destination import parse_destination

    return call(parse_destination(to, None, None, "--to"), "policy", request)


def _keys(file: Path) -> str:
    from fata.deploy.policy.keys import parse_keys

    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST).decode(errors="replace")
    except OSError as error:
        raise UsageError(
            f"the keys cannot be read: {(error.strerror or str(error)).lower()}",
            str(file),
            "name a file of public keys, such as `id_ed25519.pub`",
        ) from None
    # What else is in the file is nothing for a host.
    return "".join(f"{key.text}\n" for key in parse_keys(text, str(file)))


def _users(told: object) -> tuple[Listed, ...]:
    import msgspec

    from fata.deploy.policy.requests import Listed

    try:
        return msgspec.convert(told, tuple[Listed, ...])
    except ValueError:
        raise UserError(
            "the host's answer about users cannot be understood",
            "fata host users",
            "run the command again, which brings the host's fata to the version of yours",
        ) from None


def _where(user: Listed) -> str:
    environments = "" if user.environments == ("*",) else f" in {' '.join(user.environments)}"
    return (" ".join(user.apps) or "no app") + environments


def _limits(user: Listed) -> list[str]:
    said = [
        (key, getattr(user, key))
        for key in ("guests", "memory", "cpus", "disk", "bridges", "ports", "signers")
    ]
    return [
        f"{key} {' '.join(value) if isinstance(value, tuple) else value}"
        for key, value in said
        if value is not None
    ]


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())

"""Reads `policy.toml`."""

from __future__ import annotations

from pathlib import Path

from fata.deploy.policy.pattern import ANY, parse_bridge, parse_pattern, parse_ports
from fata.deploy.policy.permission import DEFAULT, Permission
from fata.deploy.policy.policy import Policy
from fata.deploy.policy.user import User
from fata.settings.document import LIMIT_BYTES, document
from fata.settings.names import parse_name
from fata.settings.refusal import RefusedError
from fata.settings.table import Table
from functoria.converter import SIZE, choice
from functoria.error import Position, UserError

FILE_NAME = "policy.toml"
ALLOWED_SIGNERS = "allowed_signers"
ADMINISTRATOR = "root"

_KEYS = (
    *("apps", "environments", "may", "guests", "memory", "cpus"),
    *("disk", "bridges", "ports", "signers"),
)
_REQUIRED, _OPTIONAL = "required", "optional"
_MIB = 1 << 20
_MOST = 1_000_000


def load(root: Path) -> Policy:
    """`load(root)` is what `policy.toml` there says; nobody is in it where there is none.

    Unless it says otherwise, images have to be signed as soon as the host has a file
    `allowed_signers`. Raises `UserError` that names the line.
    """
    path = root / FILE_NAME
    signatures = (root / ALLOWED_SIGNERS).exists()
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except FileNotFoundError:
        return Policy(signatures=signatures, file=str(path))
    except OSError as error:
        raise UserError(
            f"the policy of the host cannot be read: {(error.strerror or str(error)).lower()}",
            str(path),
            "make it a file that the agent can read",
        ) from None
    return parse(content, str(path), signatures=signatures)


def parse(content: bytes, file: str = FILE_NAME, *, signatures: bool = False) -> Policy:
    """`parse(content, file)` is what the bytes of the file say. Raises `UserError`.

    `signatures` is what holds where the file does not say it.
    """
    table = document(content, file)
    table.only(("signatures", "users"))
    said = table.text_of("signatures", None, choice(_REQUIRED, _OPTIONAL).parse)
    users = table.table("users")
    return Policy(
        users={name: _user(name, users) for name in users.data},
        signatures=signatures if said is None else said == _REQUIRED,
        file=file,
        place=None if said is None else table.position("signatures"),
    )


def parse_user(text: str) -> str:
    """`parse_user("alice")` is that name of a user. Raises `ValueError`."""
    if text == ADMINISTRATOR:
        raise RefusedError(
            "`root` administers the host, and is in no policy", "choose another name"
        )
    return parse_name(text)


def parse_signer(text: str) -> str:
    """`parse_signer("a@example.com")` is that principal of ssh-keygen(1). Raises `ValueError`."""
    if not text or not text.isprintable() or not text.isascii() or set(text) & set(' ",*?!'):
        raise RefusedError(
            f"`{text}` is nobody's name in `{ALLOWED_SIGNERS}`",
            "write a principal as it stands there, such as `you@example.com`",
        )
    return text


def _user(name: str, users: Table) -> User:
    try:
        parse_user(name)
    except RefusedError as refusal:
        raise users.refused(name, str(refusal), refusal.do) from None
    table = users.table(name)
    table.only(_KEYS)
    optional = {
        key: table.items(key, parse) if key in table.data else None
        for key, parse in (("bridges", parse_bridge), ("signers", parse_signer))
    }
    may = table.items("may", choice(*Permission).parse)
    return User(
        name=name,
        apps=table.items("apps", parse_pattern),
        environments=table.items("environments", parse_pattern)
        if "environments" in table.data
        else (ANY,),
        may=frozenset(map(Permission, may)) if "may" in table.data else DEFAULT,
        guests=table.integer("guests", None, 0, _MOST),
        memory=_memory(table),
        cpus=table.integer("cpus", None, 0, _MOST),
        disk=table.quantity("disk", None, SIZE),
        bridges=optional["bridges"],
        ports=table.items("ports", parse_ports) if "ports" in table.data else None,
        signers=optional["signers"],
        places=_places(name, users, table),
    )


def _memory(table: Table) -> int | None:
    size = table.quantity("memory", None, SIZE)
    if size is not None and size % _MIB:
        raise table.refused(
            "memory", "`memory` is not a whole number of MiB", "write it as `512MiB`"
        )
    return None if size is None else size // _MIB


def _places(name: str, users: Table, table: Table) -> dict[str, Position]:
    return {"": users.position(name), **{key: table.position(key) for key in table.data}}

"""What a program must know and nobody else may: passwords, keys, addresses with both."""

from __future__ import annotations

from collections.abc import Sequence

from fata.deploy.secrets.names import check_secret
from fata.devices.kv_ro import tar_kv_ro
from fata.devices.target import by_target
from fata.devices.types import BLOCK, KV_RO
from fata.needs import Disk
from functoria import Device, Impl, UserError
from functoria.position import here

NAME = "secrets"
"""The disk of a VM, and the directory of a process, that the secrets are on."""


def secrets(requires: Sequence[str] = ()) -> Impl:
    """`secrets(requires=("database-url",))` is the values that `fata secrets` has set.

    A VM reads them from the disk `secrets`, which a deployment makes for it; a process from the
    directory `secrets` of its project. A deployment is refused where one of `requires` is not
    set, before anything starts.
    """
    names = _checked(requires)
    return by_target(unix=_directory(names), guest=tar_kv_ro(_disk(names)))


def _directory(names: tuple[str, ...]) -> Impl:
    return Device(
        name="secrets",
        type=KV_RO,
        constructor="libos.storage.directory:DirectoryStore",
        keywords={"root": NAME},
        doc="the secrets in a directory" + _list(names),
    )


def _disk(names: tuple[str, ...]) -> Impl:
    return Device(
        name="secrets",
        type=BLOCK,
        constructor="libos.storage.block.guest:GuestDisk",
        keywords={"name": NAME, "read_only": True},
        needs=(Disk(NAME, None, True, here(), purpose="secrets", requires=names),),
        doc="the disk with the secrets" + _list(names),
    )


def _checked(requires: Sequence[str]) -> tuple[str, ...]:
    if isinstance(requires, str):
        raise UserError(
            f"`requires` is the text {requires!r}, and should be names",
            here(),
            f'write `secrets(requires=["{requires}"])`',
        )
    for name in requires:
        try:
            check_secret(name)
        except UserError as error:
            raise UserError(error.what, here(), error.do) from None
    return tuple(dict.fromkeys(requires))


def _list(names: tuple[str, ...]) -> str:
    return f", at least {', '.join(names)}" if names else ""

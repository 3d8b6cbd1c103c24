"""What one run of a program is called."""

from __future__ import annotations

from fata.devices.target import by_target
from fata.devices.types import NAME
from functoria import Converter, Device, Impl, Key, Stage, UserError
from functoria.position import here
from libos.guest_name import GuestName, InvalidName, host_name

_HOST_NAME = Converter(
    "host-name",
    host_name,
    str,
    lambda value: isinstance(value, str),
    reference="libos.guest_name:host_name",
)


def guest_name(default: str | None = None) -> Impl:
    """`guest_name()` is the name that the operator gives a run with `--name`.

    An image may run many times at once: by their names its guests are told apart. In a VM it is
    the host name, in a process it changes nothing; `console_logs(name=guest_name())` puts it
    into each line of the log.
    """
    try:
        GuestName(default)
    except InvalidName:
        raise UserError(
            f"`{default}` is not a host name",
            here(),
            "use letters, digits, `-` and `.`, 63 of them at most",
        ) from None
    return by_target(unix=_name(default, manage=False), guest=_name(default, manage=True))


def _name(default: str | None, *, manage: bool) -> Impl:
    key = Key(
        name="name",
        converter=_HOST_NAME,
        default=default,
        doc="the name of this run, which is the host name of a VM and stands in its log",
        stage=Stage.BOOT,
    )
    return Device(
        name="name",
        type=NAME,
        constructor="libos.guest_name:GuestName",
        keywords={"text": key, "manage": manage},
        doc="the name of this run",
    )

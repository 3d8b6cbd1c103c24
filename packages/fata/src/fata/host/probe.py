"""Asking a host what it is: programs that only read, none of them ours."""

from __future__ import annotations

from fata.host import facts, sshd
from fata.host.connection import Connection, Result
from fata.host.failure import command_line, last_line
from fata.host.kind import KVM, LIBVIRT_UNITS, Kind
from fata.host.layout import AGENT, DIRECTORIES, LAUNCHER, OWN_FILES
from fata.host.memory import recall, remember
from functoria.error import UserError

_LINES = "4096"
"""Of a file, no more is read: the head of /proc/cpuinfo is enough."""

_SUDO = ("sudo", "-n", "--")
_LOOKED_AT = (KVM, LAUNCHER, *DIRECTORIES, *OWN_FILES)


def become_root(connection: Connection) -> facts.Login:
    """`become_root(connection)` is who we are; from then on commands run as root.

    Raises `UserError` where the user is not root and sudo asks for a password, or refuses.
    """
    answers = [connection.run(("id", word), plain=True) for word in ("-un", "-u", "-Gn")]
    login = facts.parse_login(*(answer.out for answer in answers))
    if login.uid == 0:
        return login
    tried = connection.run((*_SUDO, "true"), plain=True)
    if tried.code != 0:
        name = connection.destination.name
        raise UserError(
            f"{login.user} cannot become root on {name}: {last_line(tried.err)}",
            name,
            f"use `root@HOST`; or as root there, put `{login.user} ALL=(ALL) NOPASSWD: ALL` into "
            f"/etc/sudoers.d/{login.user} with `visudo -f`, where sudo is installed",
        )
    connection.become = _SUDO
    return login


def as_root(connection: Connection) -> None:
    """`as_root(connection)` is `become_root` without asking a host that was asked before.

    Where the user may no longer become root there, the next command says so.
    """
    known = recall(connection, "become")
    if known is None:
        login = become_root(connection)
        remember(connection, "become", "root" if login.uid == 0 else "sudo")
    else:
        connection.become = () if known == "root" else _SUDO


def gather(connection: Connection) -> facts.Facts:
    """`gather(connection)` is what the host is now. Nothing on it is changed.

    Raises `UserError` where the host cannot be understood: no Linux, no Debian.
    """
    try:
        login = become_root(connection)
        texts = facts.parse_texts(_texts(connection))
        return facts.Facts(
            login=login,
            system=facts.parse_system(texts),
            packages=facts.parse_packages(_packages(connection)),
            network=facts.parse_network(
                _answer(connection, "ip", "-json", "-4", "address", "show"),
                _answer(connection, "ip", "-json", "-4", "route", "show"),
            ),
            units=facts.parse_units(
                _answer(
                    connection,
                    *("systemctl", "show", "--property=Id,UnitFileState,ActiveState"),
                    *(kind.unit for kind in Kind),
                    AGENT,
                    *LIBVIRT_UNITS,
                )
            ),
            status=facts.parse_status(
                _answer(connection, "stat", "--format=%a %U %n", *_LOOKED_AT)
            ),
            free=facts.parse_free(
                _answer(connection, "df", "-B1", "--output=avail,target", "/", "/boot", "/var")
            ),
            sshd=sshd.parse_sshd(
                texts.get(sshd.CONFIG, ()),
                _answer(connection, sshd.PROGRAM, "-T"),
                connection.run(("printenv", sshd.VARIABLE), plain=True).out,
            ),
        )
    except facts.NotUnderstoodError as error:
        name = connection.destination.name
        raise UserError(
            f"{name} is no Debian system: `{error}` does not say there what it says on Debian",
            name,
            f"choose a machine with Debian; look at this one with "
            f"`{command_line(connection.destination)}`",
        ) from None


def _texts(connection: Connection) -> str:
    return _answer(connection, "grep", "-a", "-s", "-H", "-m", _LINES, "", *facts.TEXTS)


def _packages(connection: Connection) -> str:
    form = "${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\\n"
    # The width of the first field is fixed at three: wanted, state, error.
    return _answer(connection, "dpkg-query", "--show", f"--showformat={form}")


def _answer(connection: Connection, *arguments: str) -> str:
    """What a program prints, in plain English; that some of it is missing is no failure."""
    done: Result = connection.run(("env", "LC_ALL=C.UTF-8", *arguments))
    return done.out

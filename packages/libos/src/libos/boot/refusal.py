"""Errors of the system that the operator can mend with a boot argument."""

from __future__ import annotations

import errno
import re

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping

    from libos.boot.arguments import Argument

_FREE = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EACCES: "may only be opened by root",
    errno.EPERM: "may only be opened by root",
}


def refusal(
    error: BaseException, declared: tuple[Argument, ...], values: Mapping[str, object]
) -> str | None:
    """`refusal(error, declared, values)` is the reason and remedy of a port that cannot be had.

    `None` for any other error. The remedy names the argument that the port was given by.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if not isinstance(error, OSError) or error.errno not in _FREE:
        return None
    # asyncio names the address; a file that may not be read is another matter.
    named = re.search(r"bind on address \('[^']*', (\d+)[,)]", str(error))
    if named is None and error.errno != errno.EADDRINUSE:
        return None
    ports = [argument for argument in declared if argument.converter == "port"]
    number = int(named[1]) if named else None
    given = [argument for argument in ports if number in (None, values.get(argument.name))]
    port = f"port {number}" if number else "the port"
    remedy = "choose another"
    if len(given) == 1:
        port = f"port {values.get(given[0].name)}"
        remedy += f" with `--{given[0].name}=`"
        remedy += f", declared at {given[0].where}" if given[0].where else ""
    return f"{port} {_FREE[error.errno]}; {remedy}"

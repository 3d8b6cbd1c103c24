"""Jobs: the user's own program, in the four shapes that programs have."""

from __future__ import annotations

from collections.abc import Sequence

from fata.devices.http import http_server
from fata.devices.stack import socket_stack
from fata.devices.types import HTTP
from fata.needs import Exclude, Include, Need
from functoria import JOB, Arrow, Device, Impl, Package, Reference, UserError
from functoria.position import here
from functoria.type import AnyType


def main(
    reference: str,
    type_: AnyType = JOB,
    *,
    requires: Sequence[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    after: Sequence[Impl] = (),
    **keywords: object,
) -> Impl:
    """`main("module:start", STACK >> JOB)` is the job of running `start(stack)`.

    `start` is an `async def`, given the devices that the job is applied to, in order, and
    `keywords` by name. `requires` are third-party packages as PEP 508 writes them, `include`
    modules that are imported by computed names, `exclude` modules to leave out.
    """
    return _job(reference, type_, requires, include, exclude, tuple(after), keywords)


def program(
    reference: str,
    *,
    stack: Impl | None = None,
    requires: Sequence[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    **keywords: object,
) -> Impl:
    """`program("module:main")` is an asyncio program, an `async def` that opens its own sockets.

    The network is up before it starts. `keywords` are passed to it by name.
    """
    network = stack or socket_stack()
    return _job(reference, JOB, requires, include, exclude, (network,), keywords)


def asgi(
    reference: str,
    *,
    server: Impl | None = None,
    requires: Sequence[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Impl:
    """`asgi("module:application")` is the job of serving an ASGI application over HTTP."""
    application = Reference(reference, here())
    keywords: dict[str, object] = {"application": application}
    serve = "libos.services.http.job:serve"
    job = _job(serve, HTTP >> JOB, requires, include, exclude, (), keywords, application)
    return job(server or http_server())


def wsgi(
    reference: str,
    *,
    server: Impl | None = None,
    threads: int = 8,
    requires: Sequence[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Impl:
    """`wsgi("module:application")` is the job of serving a WSGI application over HTTP.

    At most `threads` requests run at once, each in a thread of its own; others wait their turn.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise UserError(
            f"a WSGI application cannot run in {threads!r} threads",
            here(),
            "give a whole number, 1 or more, such as `threads=8`",
        )
    application = Reference(reference, here())
    keywords: dict[str, object] = {"application": application, "threads": threads}
    serve = "libos.services.http.wsgi_job:serve"
    job = _job(serve, HTTP >> JOB, requires, include, exclude, (), keywords, application)
    return job(server or http_server())


def _job(
    reference: str,
    type_: AnyType,
    requires: Sequence[str],
    include: Sequence[str],
    exclude: Sequence[str],
    after: tuple[Impl, ...],
    keywords: dict[str, object],
    application: Reference | None = None,
) -> Impl:
    for name, names in (("requires", requires), ("include", include), ("exclude", exclude)):
        if isinstance(names, str):
            raise UserError(
                f"`{name}` takes a list, not the text `{names}`",
                here(),
                f'write `{name}=["{names}"]`',
            )
    application = application or Reference(reference, here())
    position = here()
    needs: list[Need] = []
    if include:
        needs.append(Include(tuple(include), position))
    if exclude:
        needs.append(Exclude(tuple(exclude), position))
    name = application.module.rpartition(".")[2]
    labels = tuple(str(p) for p in type_.parameters) if isinstance(type_, Arrow) else ()
    return Device(
        name=name,
        type=type_,
        constructor=reference,
        labels=labels,
        keywords=keywords,
        after=after,
        packages=tuple(Package(text, position) for text in requires),
        needs=tuple(needs),
        doc=f"runs {reference}",
    )

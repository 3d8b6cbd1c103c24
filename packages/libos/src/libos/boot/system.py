"""The system a generated program runs on: it starts devices in order and stops them in reverse."""

from __future__ import annotations

import asyncio

from libos.boot.outcome import DEVICE_FAILED, Outcome

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

STOP_SECONDS = 10.0


class System:
    """What `main(system)` of a generated program is given. See `functoria.codegen`.

    `place` is the device that is being started or the job that runs: its path from the job, such
    as `website > http > stack`, and its line in the configuration. It is `None` before the first.
    """

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self._arguments = arguments
        self._started: list[tuple[str, object]] = []
        self.place: tuple[str, str] | None = None

    def argument(self, name: str) -> Any:
        """`system.argument(name)` is the value of a boot argument."""
        return self._arguments[name]

    async def start(
        self,
        path: str,
        where: str,
        constructor: Callable[P, T],
        /,
        *arguments: P.args,
        **keywords: P.kwargs,
    ) -> T:
        """`await system.start(path, where, Device, ...)` is `Device(...)`, once it is up.

        It is up when its own `start()` is done, if it has one. Raises `Outcome` with
        `DEVICE_FAILED` naming the device and its line in the configuration.
        """
        self.place = path, where
        try:
            device = constructor(*arguments, **keywords)
            start = getattr(device, "start", None)
            if start is not None:
                await start()
        except Outcome:
            raise
        except Exception as error:
            said = str(error) or type(error).__name__
            reason = f"device `{path}` of {where} did not start: {said}"
            raise Outcome(DEVICE_FAILED, reason) from error
        if hasattr(device, "stop"):
            self._started.append((path, device))
        return device

    async def run(
        self,
        path: str,
        where: str,
        job: Callable[P, Coroutine[object, object, None]],
        /,
        *arguments: P.args,
        **keywords: P.kwargs,
    ) -> None:
        """`await system.run(path, where, job, ...)` is done when `job(...)` is.

        Raises `TypeError` for a job that is not an `async def`.
        """
        self.place = path, where
        running = job(*arguments, **keywords)
        if not hasattr(running, "__await__"):
            name = getattr(job, "__qualname__", path)
            raise TypeError(
                f"the job `{name}` is not an `async def`: it gave {type(running).__name__}, "
                "which cannot be awaited"
            )
        await running

    async def stop(self) -> None:
        """Stop what was started, in reverse order; a device that cannot stop holds up no other."""
        while self._started:
            path, device = self._started.pop()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await device.stop()  # type: ignore[attr-defined]
            except Exception as error:
                import logging

                logging.getLogger("boot").warning("device `%s` did not stop: %s", path, error)

"""The system a generated program runs on: it starts devices in order and stops them in reverse."""

from __future__ import annotations

import asyncio

from libos.boot.outcome import DEVICE_FAILED, Outcome

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import TypeVar

    T = TypeVar("T")

STOP_SECONDS = 10.0


class System:
    """What `main(system)` of a generated program is given. See `functoria.codegen`."""

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self._arguments = arguments
        self._started: list[tuple[str, object]] = []

    def argument(self, name: str) -> object:
        """`system.argument(name)` is the value of a boot argument."""
        return self._arguments[name]

    async def start(self, device: T, name: str, where: str) -> T:
        """`await system.start(device, name, where)` is `device`, once its own `start` is done.

        Raises `Outcome` with `DEVICE_FAILED` naming the device and its line in the configuration.
        """
        start = getattr(device, "start", None)
        if start is not None:
            try:
                await start()
            except Exception as error:
                reason = f"device `{name}` of {where} did not start: {error}"
                raise Outcome(DEVICE_FAILED, reason) from error
        if hasattr(device, "stop"):
            self._started.append((name, device))
        return device

    async def run(self, job: Coroutine[object, object, None], name: str, where: str) -> None:
        """`await system.run(job, name, where)` is done when the job is."""
        try:
            await job
        except Exception as error:
            error.add_note(f"in the job `{name}` of {where}")
            raise

    async def stop(self) -> None:
        """Stop what was started, in reverse order; a device that cannot stop holds up no other."""
        while self._started:
            name, device = self._started.pop()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await device.stop()  # type: ignore[attr-defined]
            except Exception as error:
                import logging

                logging.getLogger("boot").warning("device `%s` did not stop: %s", name, error)

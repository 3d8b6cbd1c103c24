"""The ASGI lifespan protocol: an application's start-up before, its shutdown after all requests."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from libos.signatures.http import Application, Message

_log = logging.getLogger("http")


class LifespanFailed(Exception):  # noqa: N818 - says what happened
    """`LifespanFailed(message)` is a start-up that the application itself declared failed."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"the application failed to start: {message or 'it gave no reason'} "
            "(it sent lifespan.startup.failed)"
        )
        self.message = message


class Lifespan:
    """The lifespan of one application; `state` is what it leaves for its requests to find.

    An application that raises or returns before it answers `lifespan.startup` does not support
    the protocol and is served without it, as the specification demands.
    """

    __slots__ = ("_answer", "_application", "_inbox", "_started", "_task", "state")

    def __init__(self, application: Application) -> None:
        self._application = application
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._answer: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[None] | None = None
        self._started = False
        self.state: dict[str, Any] = {}

    async def startup(self) -> None:
        """Run the application's start-up; `LifespanFailed` is raised if it says it failed."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        answer = await self._ask("lifespan.startup")
        if answer is None:
            _log.debug("the application does not support the lifespan protocol")
        elif answer["type"] == "lifespan.startup.failed":
            await self.cancel()
            raise LifespanFailed(str(answer.get("message", "")))
        else:
            self._started = True

    async def shutdown(self, limit: float) -> None:
        """Run the application's shutdown for at most `limit` seconds; failures are logged."""
        if not self._started:
            await self.cancel()
            return
        try:
            answer = await asyncio.wait_for(self._ask("lifespan.shutdown"), limit)
            if answer is not None and answer["type"] == "lifespan.shutdown.failed":
                _log.error("the application failed to shut down: %s", answer.get("message", ""))
        except TimeoutError:
            _log.error("the application did not shut down within %g s", limit)
        finally:
            await self.cancel()

    async def cancel(self) -> None:
        """End the application's lifespan task, whatever it does."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, kind: str) -> Message | None:
        """`_ask(kind)` is the application's answer; `None` if it ended without giving one."""
        if self._task is None:
            return None
        self._answer = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait({"type": kind})
        waiting: set[asyncio.Future[Any]] = {self._task, self._answer}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return self._answer.result() if self._answer.done() else None

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._inbox.get, self._send)
        except Exception as error:
            answered = self._answer is not None and self._answer.done()
            _log.log(
                logging.ERROR if answered else logging.DEBUG,
                "the application's lifespan ended with %r",
                error,
                exc_info=answered,
            )

    async def _send(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

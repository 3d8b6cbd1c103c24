"""What every destination of logs must do: subclass `LogsConformance` and give it one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from libos.signatures.logs import Logs


class LogsConformance:
    """A subclass defines the fixture `logs`. The levels of `http*` are as before afterwards."""

    @pytest.fixture(autouse=True)
    def _logging_as_before(self) -> Iterator[None]:
        root = logging.root
        handlers, level = root.handlers[:], root.level
        yield
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.disable(logging.NOTSET)
        for name in ("http", "http.connection", "httpd"):
            logging.getLogger(name).setLevel(logging.NOTSET)

    def test_it_takes_over_from_whatever_was_there(
        self, logs: Logs, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logging.root.handlers[:] = [logging.StreamHandler()]
        asyncio.run(logs.start())
        logging.getLogger("http").error("taken")
        assert capsys.readouterr().err == ""

    def test_starting_twice_shows_nothing_twice(
        self, logs: Logs, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asyncio.run(logs.start())
        asyncio.run(logs.start())
        logging.getLogger("http").error("once")
        assert capsys.readouterr().out.count("once") <= 1

    def test_a_record_that_makes_no_sense_ends_no_program(self, logs: Logs) -> None:
        asyncio.run(logs.start())
        logging.getLogger("http").error("%d", "not a number")

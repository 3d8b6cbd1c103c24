"""Log records: a line each on the console, with a level for each source; or nowhere."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from libos.guest_name import GuestName
from libos.logs import ConsoleLogs, InvalidLevels, parse_levels
from libos.no_logs import NoLogs

from .logs_conformance import LogsConformance

if TYPE_CHECKING:
    from libos.signatures.logs import Logs


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("info", (("*", logging.INFO),)),
        ("http:debug", (("*", logging.INFO), ("http", logging.DEBUG))),
        ("*:warning, a.b:quiet", (("*", logging.WARNING), ("a.b", logging.CRITICAL + 1))),
    ],
)
def test_levels_by_source(text: str, levels: tuple[tuple[str, int], ...]) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize(
    "text", ["", "loud", "http:", ":debug", "http:debug:x", "info,", "INFO", "http:loud"]
)
def test_what_is_not_a_level_is_refused(text: str) -> None:
    with pytest.raises(InvalidLevels, match="levels are debug, info, warning, error, quiet"):
        parse_levels(text)


class TestConsoleLogs(LogsConformance):
    @pytest.fixture
    def logs(self) -> Logs:
        return ConsoleLogs()

    def test_records_are_shown_from_the_level_of_their_source_on(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asyncio.run(ConsoleLogs("*:warning,http:debug").start())
        logging.getLogger("http").debug("request %d", 1)
        logging.getLogger("net").info("not shown")
        logging.getLogger("net").warning("shown")
        first, second = capsys.readouterr().out.splitlines()
        assert first.endswith("Z debug http: request 1")
        assert second.endswith("Z warning net: shown")

    def test_a_source_speaks_for_those_below_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        asyncio.run(ConsoleLogs("*:error,http:debug,http.connection:warning").start())
        logging.getLogger("http.access").debug("as http")
        logging.getLogger("http.connection.limits").info("as http.connection: not shown")
        logging.getLogger("httpd").warning("another source: not shown")
        lines = capsys.readouterr().out.splitlines()
        assert [line.partition("Z ")[2] for line in lines] == ["debug http.access: as http"]

    def test_a_traceback_follows_its_record(self, capsys: pytest.CaptureFixture[str]) -> None:
        asyncio.run(ConsoleLogs().start())
        try:
            raise ValueError("bad luck")
        except ValueError:
            logging.getLogger("http").exception("it raised")
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].endswith("Z error http: it raised")
        assert lines[-1] == "ValueError: bad luck"

    def test_a_run_with_a_name_says_so_on_each_line(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asyncio.run(ConsoleLogs(name=GuestName("web-1")).start())
        logging.getLogger("http").info("up")
        asyncio.run(ConsoleLogs(name=GuestName(None)).start())
        logging.getLogger("http").info("up")
        named, plain = capsys.readouterr().out.splitlines()
        assert named.endswith("Z web-1 info http: up")
        assert plain.endswith("Z info http: up")


class TestNoLogs(LogsConformance):
    @pytest.fixture
    def logs(self) -> Logs:
        return NoLogs()

    def test_nothing_is_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        asyncio.run(NoLogs().start())
        logging.getLogger("http").critical("unheard")
        logging.getLogger("new").warning("unheard")
        assert capsys.readouterr() == ("", "")

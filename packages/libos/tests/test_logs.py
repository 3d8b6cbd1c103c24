"""Log records: a line each, with a level for each source."""

import logging
from collections.abc import Iterator

import pytest

from libos.logs import ConsoleLogs, InvalidLevels, parse_levels


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("http").setLevel(logging.NOTSET)


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


@pytest.mark.parametrize("text", ["", "loud", "http:", ":debug", "http:debug:x", "info,"])
def test_what_is_not_a_level_is_refused(text: str) -> None:
    with pytest.raises(InvalidLevels, match="levels are debug, info, warning, error, quiet"):
        parse_levels(text)


async def _start(levels: str) -> None:
    await ConsoleLogs(levels).start()


def test_records_are_shown_from_the_level_of_their_source_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import asyncio

    asyncio.run(_start("*:warning,http:debug"))
    logging.getLogger("http").debug("request %d", 1)
    logging.getLogger("net").info("not shown")
    logging.getLogger("net").warning("shown")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("Z debug http: request 1")
    assert second.endswith("Z warning net: shown")

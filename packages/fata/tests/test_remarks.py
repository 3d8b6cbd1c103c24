"""A remark is made once a day."""

from __future__ import annotations

import datetime
from pathlib import Path

from fata.remarks import is_news

MONDAY = datetime.date(2026, 11, 23)


def test_a_remark_is_news_once_a_day(tmp_path: Path) -> None:
    assert is_news("emulated", MONDAY, tmp_path)
    assert not is_news("emulated", MONDAY, tmp_path)
    assert is_news("emulated for another reason", MONDAY, tmp_path)
    assert is_news("emulated", MONDAY + datetime.timedelta(days=1), tmp_path)


def test_where_nothing_can_be_kept_it_always_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_news("emulated", MONDAY, tmp_path / "file")
    assert is_news("emulated", MONDAY, tmp_path / "file")

"""Remarks that a user wants to read once, and not at every run."""

from __future__ import annotations

import datetime
from pathlib import Path

from fata.cache import Cache, cache_directory, key_of


def is_news(remark: str, today: datetime.date | None = None, place: Path | None = None) -> bool:
    """`is_news(remark)` is whether it was not made today already, on this machine by this user.

    Where nothing can be kept, it always is.
    """
    cache = Cache(place or cache_directory() / "remarks")
    day = (today or datetime.datetime.now(tz=datetime.UTC).date()).isoformat().encode()
    key = key_of("1", remark)
    if cache.get(key) == day:
        return False
    cache.put(key, day)
    return True

"""The Date header (RFC 9110 section 6.6.1), written once per second."""

from __future__ import annotations

from time import gmtime, time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def imf_fixdate(seconds: int) -> str:
    """`imf_fixdate(seconds)` is that Unix time as RFC 9110 section 5.6.7 writes it."""
    year, month, day, hour, minute, second, weekday, _, _ = gmtime(seconds)
    return (
        f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} "
        f"{hour:02}:{minute:02}:{second:02} GMT"
    )


class DateHeader:
    """`DateHeader()` calls to the line `date: ...` for the present second, CRLF included."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._line = b""

    def __call__(self) -> bytes:
        second = int(time())
        if second != self._second:
            self._second = second
            self._line = f"date: {imf_fixdate(second)}\r\n".encode("ascii")
        return self._line

"""What every name of a run must do: subclass `NameConformance` and give it a way to make one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from libos.signatures.name import Name


class MakeName(Protocol):
    """`make(text)` is the name of a run that was given `text`, or none; it has started."""

    def __call__(self, text: str | None) -> Name: ...


class NameConformance:
    """A subclass defines the fixture `make`, a `MakeName`."""

    def test_a_run_may_have_none(self, make: MakeName) -> None:
        assert make(None).text is None

    @pytest.mark.parametrize("text", ["web", "web-1", "7", "a.b-c.example.org", "x" * 63])
    def test_it_is_what_was_given(self, make: MakeName, text: str) -> None:
        assert make(text).text == text

    def test_it_stays_what_it_is(self, make: MakeName) -> None:
        name = make("web-1")
        assert name.text == name.text == "web-1"
        assert make("web-2").text == "web-2"
        assert name.text == "web-1"

    @pytest.mark.parametrize("text", ["", "-web", "web-", "a..b", "a b", "a_b", "x" * 64, "a\n"])
    def test_it_is_a_host_name_or_none_at_all(self, make: MakeName, text: str) -> None:
        """RFC 1123, section 2.1: what is none is refused, and not mended."""
        with pytest.raises(Exception, match=re.escape(repr(text))):
            make(text)

"""The name of a run, given at boot."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libos.boot.outcome import BAD_ARGUMENT
from libos.guest_name import GuestName, InvalidName

from .name_conformance import MakeName, NameConformance

if TYPE_CHECKING:
    from libos.signatures.name import Name


@pytest.mark.parametrize("manage", [False, True])
class TestGuestName(NameConformance):
    @pytest.fixture
    def make(self, manage: bool, monkeypatch: pytest.MonkeyPatch) -> MakeName:
        monkeypatch.setattr(socket, "sethostname", lambda _name: None)

        def started(text: str | None) -> Name:
            name = GuestName(text, manage=manage)
            asyncio.run(name.start())
            return name

        return started


@pytest.mark.parametrize(
    "text", ["", "-web", "web-", "a..b", ".a", "a.", "a b", "a_b", "wörld", "x" * 64, "a\n", "--"]
)
def test_what_is_none_is_a_bad_argument(text: str) -> None:
    with pytest.raises(InvalidName, match=r"boot argument --name: .* is not a host name") as caught:
        GuestName(text)
    assert caught.value.code == BAD_ARGUMENT


@given(st.text())
def test_any_text_is_a_name_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidName):
        assert GuestName(text).text == text


def test_a_machine_of_ours_is_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(socket, "sethostname", names.append)
    asyncio.run(GuestName("web-1", manage=True).start())
    asyncio.run(GuestName(None, manage=True).start())
    asyncio.run(GuestName("web-2", manage=False).start())
    assert names == ["web-1"]

"""Interrupts of PID 1: none is lost, from its first moment to its last."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from libos.boot import dropped, guest, program
from libos.boot.interrupts import Interrupts, tell_ready


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = signal.getsignal(signal.SIGINT)
    yield Interrupts()
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_one_that_comes_too_early_is_raised_when_it_can_be(interrupts: Interrupts) -> None:
    interrupts.remember()
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupts.heed()


def test_one_while_the_program_is_imported_is_raised_at_once(interrupts: Interrupts) -> None:
    interrupts.remember()
    interrupts.heed()
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_one_that_an_import_swallowed_is_raised_again(interrupts: Interrupts) -> None:
    interrupts.heed()
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupts.leave()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_after_the_program_nothing_comes_of_one(interrupts: Interrupts) -> None:
    interrupts.ignore()
    interrupt()
    assert not interrupts.heard


@pytest.mark.parametrize("made_of_it", ["raise RuntimeError('__set_name__')", "exit(3)", "pass"])
def test_whatever_an_import_makes_of_an_interrupt_it_is_one(
    interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made_of_it: str
) -> None:
    (tmp_path / "interrupted_main.py").write_text(
        "import signal\n"
        "try:\n    signal.raise_signal(signal.SIGINT)\n"
        f"except KeyboardInterrupt:\n    {made_of_it}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(guest, "PROGRAM", "interrupted_main")
    monkeypatch.setattr(dropped, "install", lambda: None)
    interrupts.remember()
    try:
        ended = program.run(lambda: guest._load(interrupts), [])
    finally:
        sys.modules.pop("interrupted_main", None)
    assert ended == (130, "interrupted")


def test_only_a_serial_port_has_a_bit_to_tell_by() -> None:
    controlling, terminal = os.openpty()
    try:
        with pytest.raises(OSError, match="Inappropriate ioctl"):
            tell_ready(terminal)
    finally:
        os.close(controlling)
        os.close(terminal)

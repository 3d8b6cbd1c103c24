"""What the installed distributions say of themselves: core metadata, and their files."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from fata.requirements.requirement import normal_name

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_LONGEST_LICENCE = 64


@dataclass(frozen=True, slots=True)
class Distribution:
    """`Distribution(name, version, expression, licences, files)` is one of the environment.

    `expression` is its licence in the words of SPDX where it says so (PEP 639), `licences` are
    names of licences otherwise. `files` are relative to the environment.
    """

    name: str
    version: str
    expression: str | None
    licences: tuple[str, ...]
    files: frozenset[str]


def distributions(environment: Path | None) -> tuple[Distribution, ...]:
    """`distributions(environment)` is what is installed there, in order of names."""
    if environment is None:
        return ()
    found = (_distribution(directory) for directory in environment.glob("*.dist-info"))
    return tuple(sorted(found, key=lambda one: one.name))


def locked_hashes(pins: str) -> dict[str, tuple[str, ...]]:
    """`locked_hashes(pins)` is the sha256 of the archives that the lock allows, by names."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in pins.splitlines():
        pin = _PIN.match(line)
        name = normal_name(pin[1]) if pin else name
        found.setdefault(name, []).extend(_HASH.findall(line))
    return {name: tuple(sorted(hashes)) for name, hashes in found.items() if hashes}


def _distribution(directory: Path) -> Distribution:
    metadata = directory / "METADATA"
    text = metadata.read_text("utf-8", "replace") if metadata.is_file() else ""
    said = HeaderParser().parsestr(text.partition("\n\n")[0])
    fallback = directory.name.removesuffix(".dist-info").partition("-")
    expression = said.get("License-Expression")
    return Distribution(
        normal_name(said.get("Name") or fallback[0]),
        said.get("Version") or fallback[2],
        expression,
        () if expression else _licences(said),
        _files(directory),
    )


def _licences(said: Message) -> tuple[str, ...]:
    """Older metadata has a text of any length, and classifiers."""
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier", [])
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    text = (said.get("License") or "").strip()
    short = text if text and "\n" not in text and len(text) <= _LONGEST_LICENCE else None
    return (short,) if short else tuple(sorted(set(classifiers)))


def _files(directory: Path) -> frozenset[str]:
    try:
        text = (directory / "RECORD").read_text(encoding="utf-8", errors="replace")
        return frozenset(row[0] for row in csv.reader(text.splitlines()) if row)
    except (OSError, csv.Error):
        return frozenset()

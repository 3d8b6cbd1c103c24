"""Hosts for tests: the answers of fresh Debians, as recorded, and a stand-in for ssh."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from fata.host import facts, sshd

HERE = Path(__file__).parent
Answer = tuple[int, str, str] | None


def recorded(name: str, release: str = "bookworm") -> str:
    return (HERE / "recorded" / release / f"{name}.txt").read_text()


def fresh_facts(release: str = "bookworm") -> facts.Facts:
    """What a fresh Debian is, to its user `admin`."""
    said = partial(recorded, release=release)
    texts = facts.parse_texts(said("files"))
    return facts.Facts(
        login=facts.parse_login(*said("id").splitlines()),
        system=facts.parse_system(texts),
        packages=facts.parse_packages(said("dpkg")),
        network=facts.parse_network(said("address"), said("route")),
        units=facts.parse_units(said("units")),
        status=facts.parse_status(said("stat")),
        free=facts.parse_free(said("df")),
        sshd=sshd.parse_sshd(texts[sshd.CONFIG], said("sshd"), ""),
    )


def fresh_answers() -> dict[str, Answer]:
    user, number, groups = recorded("id").splitlines()
    answers = {
        "id -un": user,
        "id -u": number,
        "id -Gn": groups,
        "grep": recorded("files"),
        "dpkg-query": recorded("dpkg"),
        "ip -json -4 address": recorded("address"),
        "ip -json -4 route": recorded("route"),
        "systemctl show": recorded("units"),
        "stat": recorded("stat"),
        "df": recorded("df"),
        "/usr/sbin/sshd -T": recorded("sshd"),
    }
    found: dict[str, Answer] = {command: (0, said, "") for command, said in answers.items()}
    return {**found, "test -e": (1, "", "")}


class FakeHost:
    """`FakeHost(room)` is what is behind the stand-in for ssh."""

    def __init__(self, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._room = room
        programs = room / "bin"
        programs.mkdir(parents=True)
        (programs / "ssh").symlink_to(HERE / "fake_ssh.sh")
        monkeypatch.setenv("FAKE_SSH", str(room))
        monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
        self.answers(fresh_answers())

    def answers(self, answers: Mapping[str, Answer]) -> None:
        room = self._room / "answers"
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        for number, start in enumerate(sorted(answers, key=len, reverse=True)):
            answer = room / f"{number:02}"
            answer.mkdir()
            code, out, err = answers[start] or ("lost", "", "")
            for name, text in {"start": f"{start}\n", "code": f"{code}\n"}.items():
                (answer / name).write_text(text)
            (answer / "out").write_text(out)
            (answer / "err").write_text(err)

    def refuses(self, said: str) -> None:
        (self._room / "refusal").write_text(said)

    @property
    def log(self) -> list[str]:
        """The commands that were run, as the shell of the host sees them."""
        log = self._room / "log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def sent(self) -> str:
        return (self._room / "sent").read_text()

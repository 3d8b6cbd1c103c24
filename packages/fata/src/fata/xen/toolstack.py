"""Xen's toolstack `xl`, run in the control domain of a Xen host wherever that is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from fata.complaint import complaint
from fata.completed import Completed
from fata.xen.runner import Runner, answered
from functoria import UserError

_INFO = re.compile(r"^free_memory *: *([0-9]+)$", re.MULTILINE)


class Condition(Enum):
    """What Xen says of a domain, as `xl list` does."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CRASHED = "crashed"
    DYING = "dying"


@dataclass(frozen=True, slots=True)
class Running:
    """`Running(name, number, memory, condition, seconds)` is a domain; `memory` is in MiB.

    `seconds` is the time that its processors have worked.
    """

    name: str
    number: int
    memory: int
    condition: Condition
    seconds: float


@dataclass(frozen=True, slots=True)
class Toolstack:
    """`Toolstack(runner)` is `xl` there. All its methods raise `UserError`.

    `limit` is the seconds that each of its commands may take: making a guest takes long where the
    host itself is emulated.
    """

    runner: Runner
    limit: float = 300.0

    def domains(self) -> tuple[Running, ...]:
        """The guests that Xen has, by name, without the control domain."""
        found = (_row(line) for line in self._xl("list").splitlines()[1:])
        guests = (domain for domain in found if domain is not None and domain.number != 0)
        return tuple(sorted(guests, key=lambda domain: (domain.name, domain.number)))

    def find(self, name: str) -> Running | None:
        """The guest of that name."""
        return next((domain for domain in self.domains() if domain.name == name), None)

    def free_memory(self) -> int:
        """The MiB that no domain has."""
        match = _INFO.search(self._xl("info"))
        if match is None:
            raise UserError(
                "`xl info` does not say how much memory is free",
                self.runner.where,
                "see what it says there; fata knows Xen 4.14 and later",
            )
        return int(match[1])

    def bridges(self, names: Iterable[str]) -> frozenset[str]:
        """Which of these are bridges of the control domain."""
        asked = sorted(set(names))
        if not asked:
            return frozenset()
        paths = [f"/sys/class/net/{name}/bridge" for name in asked]
        told = self._ask("ls", "-d", *paths).out.decode(errors="replace")
        there = set(told.split())
        return frozenset(n for n, path in zip(asked, paths, strict=True) if path in there)

    def create(self, file: str, paused: bool = False) -> None:
        """Create the guest that a configuration there describes; `paused` keeps it from running."""
        self._xl("create", "-q", *(("-p",) if paused else ()), file)

    def unpause(self, name: str) -> None:
        """Have a guest run that is paused."""
        self._xl("unpause", name)

    def shutdown(self, name: str) -> None:
        """Ask a guest to end; one that is gone already, or does not listen, is no error."""
        self._ask("xl", "shutdown", name)

    def destroy(self, name: str) -> None:
        """End a guest at once; one that is gone already is no error."""
        self._ask("xl", "destroy", name)

    def xenstore(self, path: str = "/") -> str:
        """What XenStore holds below a path, a line each with the whole path and the value."""
        return self._ask("xenstore-ls", "-f", path).out.decode(errors="replace")

    def check_host(self) -> None:
        """Raise `UserError` where that is no Xen host, or its toolstack does not answer."""
        found = self._ask("cat", "/proc/xen/capabilities")
        if b"control_d" not in found.out:
            raise UserError(
                f"{self.runner.where} is not a Xen host: it is not the control domain of Xen",
                "/proc/xen/capabilities",
                "make it one with `fata host setup`, and start it again",
            )
        done = self._ask("xl", "info")
        if done.code != 0:
            raise _silent(done, self.runner.where)

    def _xl(self, *arguments: str) -> str:
        done = answered(self.runner, ["xl", *arguments], limit=self.limit, check=True)
        return done.out.decode(errors="replace")

    def _ask(self, *words: str) -> Completed:
        return answered(self.runner, words, limit=self.limit)


def _row(line: str) -> Running | None:
    """A line of `xl list`: name, number, memory, processors, state, seconds."""
    words = line.rsplit(None, 5)
    if len(words) != 6 or not words[1].isdecimal():
        return None
    name, number, memory, _, state, seconds = words
    try:
        return Running(name, int(number), int(memory), _condition(state), float(seconds))
    except ValueError:
        return None


def _condition(state: str) -> Condition:
    """`rbpscd`, a dash for what it is not (xl(1), DOMAIN SUBCOMMANDS)."""
    for letter, condition in (
        ("d", Condition.DYING),
        ("c", Condition.CRASHED),
        ("s", Condition.ENDED),
        ("p", Condition.PAUSED),
    ):
        if letter in state:
            return condition
    return Condition.RUNNING


def _silent(done: Completed, where: str) -> UserError:
    said = (done.err or done.out).decode(errors="replace")
    if "Permission denied" in said:
        return UserError(
            "only root may use Xen's toolstack", where, "run the command again with `sudo`"
        )
    return UserError(
        f"Xen's toolstack does not answer: {complaint(said)}",
        where,
        "see whether its daemons run: `systemctl status xenstored xenconsoled`",
    )

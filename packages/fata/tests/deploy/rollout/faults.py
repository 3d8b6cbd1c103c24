"""Changes that are cut off before their first write, their second, and so on.

LD_PRELOAD=SHIM python faults.py SHIM ROOT FAULT WHO CASE FIRST STEP; `test_kill.py` and
`test_full_disk.py` run it. FAULT is `kill` or `full`, WHO is `agent` or `supervisor`, CASE one of
`CASES` or, for the supervisor, what it finds: one of `SCENES`. What is printed is how many writes
there are, and how many of the changes failed.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aftermath import check
from forked import Forked, adopt, end_all
from stub import deployment, image, stub_host

from fata.deploy import changes, supervise
from fata.deploy.agent import dispatch, supervisor
from fata.deploy.agent.requests import Deployment
from fata.deploy.host import Host
from fata.settings import Health, Kind
from functoria.error import UserError

_NEVER = 9  # the exit code of a process that nothing happened to
_AGAIN = 3  # of so many cuts one is followed by the same change, which succeeds
_LOOKS = 6  # how often the supervisor asks whether it is over: two turns


@dataclass(frozen=True, slots=True)
class Case:
    """`Case(verb, releases, disks, behaviour)` is a request to a host that had so many releases."""

    verb: str = "deploy"
    releases: int = 1
    disks: bool = False
    behaviour: str = ""


CASES: Mapping[str, Case] = {
    "first": Case(releases=0, disks=True),
    "deploy": Case(),
    "broken": Case(behaviour="500"),
    "disks": Case(disks=True),
    "broken-disks": Case(disks=True, behaviour="500"),
    "rollback": Case("rollback", releases=2),
    "remove": Case("remove", disks=True),
}

SCENES: Mapping[str, tuple[str, str]] = {
    "rising": ("deploy", "booted"),
    "paused": ("disks", "start"),
    "broken": ("broken-disks", "give-up"),
    "switching": ("deploy", "switch"),
    "draining": ("deploy", "stop"),
    "crashed": ("disks", ""),
}
"""What the supervisor finds: a change whose agent was killed before that step, or a dead guest."""


class Runner:
    """`Runner(shim, room)` carries out changes below the directory `room`."""

    def __init__(self, shim: ctypes.CDLL, room: Path) -> None:
        self._shim = shim
        self._root = room / "root"
        Forked.sound = staticmethod(shim.fault_end)

    def host(self, passing: Callable[[str], None] = lambda _: None) -> Host:
        """The host, opened anew."""
        return stub_host(self._root, passing, Forked)

    def prepared(self, case: Case) -> bytes:
        """The request, to a host that is as the case wants it."""
        host = self.host()
        for number in range(case.releases):
            changes.deploy(host, _asked(host, case, number), "ann", lambda _: None)
        wanted = _asked(host, case, case.releases, case.behaviour)
        host.records.close()
        about = {"app": "hello", "data": True} if case.verb == "remove" else {"app": "hello"}
        return msgspec.json.encode(wanted if case.verb == "deploy" else about)

    def agent(self, verb: str, request: bytes, passing: Callable[[str], None] | None = None) -> str:
        """What the agent says last."""
        out = io.BytesIO()

        def opened(_root: Path) -> Host:
            return self.host(passing or (lambda _: None))

        dispatch.run(verb, (), self._root, None, io.BytesIO(request), out, opened)
        return (out.getvalue().splitlines() or [b""])[-1].decode()

    def supervisor(self) -> str:
        """Two turns of the supervisor, as it starts: what it says."""
        looks, said = 0, []

        def over() -> bool:
            nonlocal looks
            looks += 1
            return looks > _LOOKS

        try:
            supervise.supervise(self._root, lambda _: self.host(), said.append, over)
        except UserError as error:
            said.append(str(error))
        return "\n".join(said)

    def child(self, work: Callable[[], str], fault: str = "", writes: int = 0) -> tuple[int, str]:
        """How a process ended that does this, with a fault after so many writes; what it said."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setsid()
                if fault:
                    by_kill = int(fault == "kill")
                    self._shim.fault_begin(os.fsencode(self._root), ctypes.c_long(writes), by_kill)
                said = work()
                failed = self._shim.fault_end()
                os.write(writing, said.encode())
                code = 0 if failed else _NEVER
            except BaseException as error:
                self._shim.fault_end()
                os.write(writing, f"made a mistake: {error!r}".encode())
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as file:
            said = file.read()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said

    def clear(self) -> None:
        """End all, and remove all."""
        end_all()
        shutil.rmtree(self._root, ignore_errors=True)


def _asked(host: Host, case: Case, number: int, behaviour: str = "") -> Deployment:
    manifest = image(host, b"%d" % number, volume=case.disks, secrets=case.disks)
    patience = 0.1 if behaviour else 30.0
    health = Health(
        *(Kind.HTTP, 80), successes=2, interval=0.01, timeout=5.0, deadline=patience, drain=0.02
    )
    return deployment(manifest, behaviour, text=f"text-{number}", health=health)


def cut_off(runner: Runner, fault: str, who: str, name: str, writes: int) -> str | None:
    """What is said by one who is cut off after so many writes; `None` where they never were."""
    verb_of, step = SCENES[name] if who == "supervisor" else (name, "")
    case = CASES[verb_of]
    request = runner.prepared(case)
    if step:
        runner.child(lambda: runner.agent(case.verb, request, killed_before(step)))
    elif who == "supervisor":
        end_all()

    def work() -> str:
        return runner.supervisor() if who == "supervisor" else runner.agent(case.verb, request)

    code, said = runner.child(work, fault, writes)
    place = f"{who} {name}: {fault} after {writes} writes: {said}"
    assert code in (0, _NEVER, -signal.SIGKILL), place
    assert (code == -signal.SIGKILL) == (fault == "kill" and code != _NEVER), place
    assert "made a mistake" not in said, place
    assert "Traceback" not in said, place
    assert said or who == "supervisor" or fault == "kill", place
    looked, told = runner.child(runner.supervisor)
    assert looked == _NEVER, (place, told)
    host = runner.host()
    try:
        known = check(host, place)
    finally:
        host.records.close()
    if (case.verb == "remove" and known) or (case.verb == "deploy" and writes % _AGAIN == 0):
        again, told = runner.child(lambda: runner.agent(case.verb, request))
        assert again == _NEVER, (place, told)
        assert ("error" in json.loads(told)) == bool(case.behaviour), (place, told)
        host = runner.host()
        try:
            assert check(host, place, again=True) == (case.verb != "remove"), place
        finally:
            host.records.close()
    return None if code == _NEVER else said


def killed_before(step: str) -> Callable[[str], None]:
    """Kills this process before that step of a change."""

    def passing(passed: str) -> None:
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return passing


def main() -> None:
    """Cut off until it is over before that."""
    shim, room, fault, who, name, first, step = sys.argv[1:]
    adopt()
    supervisor.ensure = lambda _root: None
    supervise.PAUSE = supervise._REST = 0.0
    runner = Runner(ctypes.CDLL(shim), Path(room))
    # All that is ever imported is, and nothing of it is looked at again: copies are cheap then.
    for case in (CASES["deploy"], CASES["rollback"], CASES["remove"]):
        runner.agent(case.verb, runner.prepared(case))
    runner.supervisor()
    runner.clear()
    gc.freeze()
    writes, failed = int(first), 0
    try:
        while (found := cut_off(runner, fault, who, name, writes)) is not None:
            failed += '"error"' in found
            runner.clear()
            writes += int(step)
    finally:
        runner.clear()
    print(json.dumps({"writes": writes, "failed": failed}))


if __name__ == "__main__":
    main()

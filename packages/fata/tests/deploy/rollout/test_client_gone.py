"""A client that is killed, at whichever line that the agent says: the host goes on without it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from fata.deploy import changes
from fata.deploy.agent import dispatch, supervisor
from fata.deploy.agent.wire import Listener
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.stages import OVER, Stage

from .stub import deployment, image, served, stub_host


def agent(root: Path, request: bytes) -> tuple[int, int]:
    """A process that is the agent, and the end of the pipe on which it speaks."""
    (asked, asking), (hearing, said) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(asking)
            os.close(hearing)
            with os.fdopen(asked, "rb") as stdin, os.fdopen(said, "wb") as stdout:
                dispatch.run("deploy", (), root, None, stdin, stdout, stub_host)
        finally:
            os._exit(0)
    os.close(asked)
    os.close(said)
    os.write(asking, request)
    os.close(asking)
    return pid, hearing


def client(hearing: int, lines: int) -> tuple[int, bool]:
    """How a client ends that is killed when it has heard so many lines; whether it heard all."""
    pid = os.fork()
    if pid == 0:
        listener = Listener()
        with os.fdopen(hearing, "rb", buffering=0) as stream:
            for _ in range(lines):
                listener.hear(stream.readline().decode())
            if listener.answer is None and listener.error is None:
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    os.close(hearing)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, code == 0


@pytest.mark.parametrize("behaviour", ["", "500"])
def test_at_whichever_line_a_client_is_killed_the_change_goes_on_to_its_end(
    host: Host, monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> None:
    monkeypatch.setattr(supervisor, "ensure", lambda _root: None)
    changes.deploy(host, deployment(image(host, b"0"), text="0"), "ann", lambda _: None)
    lines, heard_all, served_last = 0, False, "0"
    while not heard_all:
        text = str(lines + 1)
        asked = deployment(image(host, text.encode()), behaviour, text=text)
        pid, hearing = agent(host.root, msgspec.json.encode(asked))
        code, heard_all = client(hearing, lines)
        assert code in (0, -signal.SIGKILL)
        os.waitpid(pid, 0)
        served_last = served_last if behaviour else text
        ended(host, served_last, lines)
        lines += 1
    assert lines > 5


def ended(host: Host, text: str, lines: int) -> None:
    """The change is over: nobody had to repair anything."""
    generations = host.records.generations()
    live = [one for one in generations if one.stage is Stage.LIVE]
    assert len(live) == 1, lines
    assert all(one.stage in OVER for one in generations if one is not live[0]), lines
    running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
    assert running == [live[0].guest], lines
    assert host.records.leases.holder(live[0].service) is None, lines
    assert served(host) == text, lines

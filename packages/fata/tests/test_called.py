"""Programs of the host are not waited for without end: one that hangs does not stop a host."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from fata.called import called
from fata.deploy import network
from fata.deploy.agent import supervisor
from fata.deploy.drivers import tap
from fata.deploy.drivers.launch import Detached, Units
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.traffic.nft import Nft
from fata.deploy.traffic.proxy.proxy import Proxy
from fata.host.push.limits import Limits
from fata.host.push.repository import git
from fata.host.push.sandbox import Sandbox
from fata.xen.runner import Here, answered
from fata.xen.toolstack import Toolstack
from functoria.error import UserError

HUNG = "exec sleep 60"
SUBNET = IPv4Network("10.77.0.0/24")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a program before those of the host, which are given a moment to answer."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("fata.called.SECONDS", 0.2)
    monkeypatch.setattr("fata.deploy.traffic.nft._PLACES", os.environ["PATH"])

    def make(name: str, script: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def test_what_a_program_said(stand_in: Callable[[str, str], Path], tmp_path: Path) -> None:
    program = stand_in("program", 'cat; pwd; echo "$WHO" >&2; exit 3')
    done = called(
        [str(program)], b"given\n", limit=60, cwd="/", environment={"WHO": "me", "PATH": "/bin"}
    )
    assert (done.code, done.out, done.err) == (3, b"given\n/\n", b"me\n")
    with (tmp_path / "log").open("wb") as log:
        done = called([str(program)], limit=60, cwd="/", log=log)
    assert (done.code, done.out, done.err) == (3, b"", b"")
    assert (tmp_path / "log").read_bytes() == b"/\n\n"


@dataclass(frozen=True, slots=True)
class Use:
    """`Use(program, call)` is a call that runs this program of the host."""

    program: str
    call: Callable[[Path], object]


def spec(room: Path) -> GuestSpec:
    directory = room / "web.production.g1"
    directory.mkdir()
    return GuestSpec(directory.name, directory, Path("/kernel"), None, "quiet", 64)


def unit(room: Path) -> Sandbox:
    return Sandbox("web", room / "build" / "web", "fata-build", True, Limits())


USES = (
    Use("git", lambda room: git(("status",), room)),
    Use("systemctl", lambda room: unit(room).end()),
    Use("systemctl", lambda room: unit(room)._out_of_memory()),
    Use("systemd-run", lambda room: Units(("keeper",), os.environ).launch(spec(room), "label")),
    Use("setsid", lambda room: Detached(("keeper",), os.environ).launch(spec(room), "label")),
    Use("setsid", supervisor.ensure),
    Use("setsid", lambda room: Proxy(room, ("python",))._start()),
    Use("nft", lambda _: Nft(SUBNET, "fata0").routes()),
    Use("ip", lambda _: network.subnet_of("fata0")),
    Use("ip", lambda _: network.routers()),
    Use("ip", lambda _: tap.is_bridge("fata0")),
    Use("xl", lambda _: Toolstack(Here(), 0.2).domains()),
    Use("xl", lambda _: Toolstack(Here(), 0.2).destroy("web")),
    Use("cat", lambda _: answered(Here(), ["cat", "/proc/xen/capabilities"], limit=0.2)),
)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.program)
def test_a_program_that_hangs(
    use: Use, stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    stand_in(use.program, HUNG)
    began = time.monotonic()
    with pytest.raises(UserError) as caught:
        use.call(tmp_path)
    assert time.monotonic() - began < 30
    assert caught.value.what == f"`{use.program}` did not end within 0.2 s"
    assert "run it by hand on the host" in caught.value.do


def test_statistics_that_are_not_to_be_had(
    stand_in: Callable[[str, str], Path], tmp_path: Path
) -> None:
    stand_in("ip", HUNG)
    assert tap.traffic(tmp_path, 0) is None

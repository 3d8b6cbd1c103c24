"""Deployments on a disk that becomes full with their first write, their second, and so on.

LD_PRELOAD=SHIM python full.py SHIM ROOT KIND STEP; see `test_full_disk.py`.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import sys
import time
from pathlib import Path

import msgspec
from stub import deployment, image, served, stub_host

from fata.deploy import changes
from fata.deploy.agent import dispatch, supervisor
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.repair import Repairer
from fata.deploy.stages import OVER, Stage
from functoria.error import UserError

_NEVER_FULL = 9


def deploy(root: Path, request: bytes) -> str:
    """What the agent says last."""
    out = io.BytesIO()
    dispatch.run("deploy", (), root, None, io.BytesIO(request), out, stub_host)
    return out.getvalue().splitlines()[-1].decode()


def child(shim: ctypes.CDLL, root: Path, request: bytes, writes: int) -> str | None:
    """What an agent says whose disk is full after that many writes; `None` where it never was."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        shim.full_begin(os.fsencode(root), ctypes.c_long(writes))
        said = deploy(root, request)
        refused = shim.full_end()
        os.write(writing, said.encode())
        os._exit(0 if refused else _NEVER_FULL)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    _, status = os.waitpid(pid, 0)
    return None if os.waitstatus_to_exitcode(status) == _NEVER_FULL else said


def check(root: Path, said: str, writes: int) -> None:
    """One release serves, nothing is left over, and what was said is no mistake of ours."""
    place = f"after {writes} writes: {said}"
    assert said, place
    assert "made a mistake" not in said, place
    host = stub_host(root)
    try:
        repairer = Repairer(host, lambda _: None)
        repairer.run()
        repairer.run()
        generations = host.records.generations()
        live = [one.guest for one in generations if one.stage is Stage.LIVE]
        assert len(live) == 1, (place, generations)
        assert all(one.stage in OVER for one in generations if one.guest not in live), place
        running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
        assert running == live, (place, running)
        assert {route.guest for route in host.traffic.routes() or ()} == set(live), place
        assert set(host.secrets.guests()) <= set(live), place
        assert served_soon(host) in {"one", "two"}, place
        assert not list((root / "volumes").rglob(".*")), place
    finally:
        host.records.close()


def served_soon(host: Host) -> str:
    """What the port answers; a guest that was started again needs a moment."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return served(host)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main() -> None:
    """Deploy until the disk is never full."""
    name, where, kind, step = sys.argv[1:]
    shim, root = ctypes.CDLL(name), Path(where)
    supervisor.ensure = lambda _root: None
    volume = secrets = kind == "disks"
    host = stub_host(root)
    first = deployment(image(host, b"1", volume=volume, secrets=secrets), text="one")
    changes.deploy(host, first, "ann", lambda _: None)
    second = deployment(image(host, b"2", volume=volume, secrets=secrets), text="two")
    host.records.close()
    request = msgspec.json.encode(second)
    writes, failed = 0, 0
    try:
        while (said := child(shim, root, request, writes)) is not None:
            failed += "error" in json.loads(said)
            check(root, said, writes)
            writes += int(step)
        check(root, deploy(root, request), writes)
    finally:
        host = stub_host(root)
        for one in host.driver.list():
            host.driver.destroy(one.name)
        host.records.close()
    print(json.dumps({"writes": writes, "failed": failed}))


try:
    main()
except UserError as error:
    sys.exit(str(error))

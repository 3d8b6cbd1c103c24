"""What a host has to be like once its supervisor has looked at it, whatever had been cut off."""

from __future__ import annotations

import time

from forked import left
from stub import served

from fata.deploy.audit import Audit, Entry
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.records.restore import are_damaged
from fata.deploy.stages import OVER, Stage

_PATIENCE = 60.0
_LOCKS = frozenset({"store/incoming/.lock"})


def check(host: Host, place: str, *, again: bool = False) -> bool:
    """`check(host, place)` is whether the host still knows its service. One of it runs at most.

    With `again`, a change has been carried out since, and has taken away what was not finished.
    """
    generations = host.records.generations()
    live = [one for one in generations if one.stage is Stage.LIVE]
    rest = [one for one in generations if one.stage is not Stage.LIVE]
    assert all(one.stage in OVER for one in rest), (place, generations)
    wanted = host.records.services()
    runs = bool(live) and wanted[live[0].service] is Wanted.RUNNING
    assert len(live) <= 1, (place, generations)
    guests = {one.guest for one in live} if runs else set()
    found = [one for one in host.driver.list() if one.state is State.RUNNING]
    assert {one.name for one in found} == guests, (place, "no guest is orphaned")
    assert left() == {one.number for one in found}, (place, "no process is orphaned")
    assert {one.guest for one in host.traffic.routes() or ()} == guests, (place, "no route is")
    assert set(host.secrets.guests()) <= guests, (place, "no secret is")
    assert all(host.records.leases.holder(one) is None for one in wanted), (place, "no lease is")
    assert not are_damaged(host.root), place
    if runs:
        assert served_soon(host) == said_by(live[0]), place
    check_files(host, generations, place, again=again)
    return bool(wanted)


def check_files(
    host: Host, generations: tuple[Generation, ...], place: str, *, again: bool
) -> None:
    """No file is orphaned: what was not finished is where the next one takes it away."""
    known = {one.guest for one in generations}
    locks = {f".{name}.lock" for name in known}
    kept = {path.name for path in host.guests.iterdir()} if host.guests.exists() else set()
    assert kept <= known | locks, (place, "no directory is orphaned", sorted(kept - known))
    Audit(host.root).append(Entry("ann", "status"))
    assert Audit(host.root).verify() is None, place
    hidden = {
        str(path.relative_to(host.root))
        for path in host.root.rglob(".*")
        if host.guests not in path.parents
    }
    volume = set() if again else {"volumes/hello/production/.data.img.new"}
    assert hidden <= _LOCKS | volume, (place, "no file is orphaned", hidden)
    for guest in sorted(kept - locks):
        names = {path.name for path in (host.guests / guest).glob(".*")}
        assert names <= {".spec.json.new", ".console.new", ".state.json.new"}, (place, names)


def said_by(live: Generation) -> str:
    """What that release answers."""
    return next(word[7:] for word in live.release.arguments if word.startswith("--text="))


def served_soon(host: Host) -> str:
    """What the port answers; a guest that was started again needs a moment."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return served(host)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)

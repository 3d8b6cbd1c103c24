"""Changes of services: deploy, roll back, restart, stop, remove. One at a time for each."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace

from fata.deploy import boot, repair, routes, volumes
from fata.deploy.agent.requests import About, Deployment
from fata.deploy.drivers import directory
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host, Report
from fata.deploy.plan import plan
from fata.deploy.records.leases import Holder, Lease
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.release import Release
from fata.deploy.rollout import STOP_SECONDS, Rollout
from fata.deploy.service import Service, service_of
from fata.deploy.stages import OVER, Stage
from fata.deploy.status import returnable
from fata.deploy.waiting import Deadline
from fata.image.manifest import Manifest, blobs_of
from functoria.error import UserError

_POLL = 0.5
_FAILED_KEPT = 3

Reserve = Callable[[], None]
"""Raises `UserError` where what others have begun meanwhile leaves too little of the host."""

Allow = Callable[[Service, Release, Manifest], Reserve]
"""Raises `UserError` where a release takes more of the host than the one who asks may.

What it returns looks once more, while nobody else can begin anything: it is called in the
transaction that writes the new generation down, which from then on counts.
"""


def _everything(_service: Service, _release: Release, _made: Manifest) -> Reserve:
    """What an administrator may have."""
    return lambda: None


def deploy(
    host: Host, asked: Deployment, author: str, report: Report, allow: Allow = _everything
) -> Generation | None:
    """`deploy(host, asked, author, report)` is the generation that is live then.

    It is `None` for a dry run, which only reports the plan. Raises `UserError`, also what `allow`
    does with the release; what served before then still does.
    """
    service = service_of(asked.app, asked.environment)
    release, made = _release(host, service, asked)
    allow(service, release, made)
    live = host.records.live(service)
    if asked.dry_run:
        for line in plan(host, service, release, live):
            report(line)
        return None
    with _changing(host, service, author, f"deploy {release.digest[:12]}", asked.wait, report) as (
        lease
    ):
        for line in plan(host, service, release, host.records.live(service)):
            report(line)
        reserve = allow(service, release, made)
        done = Rollout(host, lease, release, author, report, reserve).run()
        _tidy(host, lease)
    return done


def roll_back(
    host: Host, asked: About, author: str, report: Report, allow: Allow = _everything
) -> Generation:
    """`roll_back(host, asked, author, report)` makes an earlier release live, as a new generation.

    It goes the way of every release: it is started, asked, and switched to. Raises `UserError`.
    """
    service = _known(host, asked)
    with _changing(host, service, author, "roll back", asked.wait, report) as lease:
        kept = returnable(tuple(host.records.generations(service)))
        chosen = [one for one in kept if asked.generation in (None, one.number)]
        if not chosen:
            names = ", ".join(f"g{one.number}" for one in kept)
            wanted = "before" if asked.generation is None else f"g{asked.generation}"
            raise UserError(
                f"{service} has no generation {wanted} to return to",
                "--generation",
                f"it can return to {names}" if names else "deploy it a second time first",
            )
        report(f"returning to {chosen[0].guest}")
        release, reserve = _again(host, service, chosen[0].release, allow)
        for line in plan(host, service, release, host.records.live(service)):
            report(line)
        done = Rollout(host, lease, release, author, report, reserve).run()
        _tidy(host, lease)
    return done


def restart(
    host: Host, asked: About, author: str, report: Report, allow: Allow = _everything
) -> Generation:
    """`restart(host, asked, author, report)` runs the same release anew, with today's secrets."""
    service = _known(host, asked)
    with _changing(host, service, author, "restart", asked.wait, report) as lease:
        live = host.records.live(service)
        if live is None:
            raise UserError(
                f"{service} has nothing that could be started",
                str(service),
                "deploy it with `fata deploy`",
            )
        release, reserve = _again(host, service, live.release, allow)
        done = Rollout(host, lease, release, author, report, reserve).run()
        _tidy(host, lease)
    return done


def stop(host: Host, asked: About, author: str, report: Report) -> None:
    """`stop(host, asked, author, report)` ends the service's guest; it stays ended."""
    service = _known(host, asked)
    with _changing(host, service, author, "stop", asked.wait, report) as lease:
        host.records.want(lease, Wanted.STOPPED)
        host.traffic.apply(routes.routes(host))
        live = host.records.live(service)
        if live is not None:
            _end(host, live.guest)
            report(f"{live.guest} is stopped; `fata restart` starts it again")


def remove(host: Host, asked: About, author: str, report: Report) -> None:
    """`remove(host, asked, author, report)` ends the service and forgets it.

    Its volumes and secrets stay unless the request says otherwise.
    """
    service = _known(host, asked)
    with _changing(host, service, author, "remove", asked.wait, report) as lease:
        host.records.want(lease, Wanted.STOPPED)
        host.traffic.apply(routes.routes(host))
        generations = host.records.generations(service)
        for one in generations:
            _end(host, one.guest)
        # While the service is known, what was cut off here can be asked for again.
        for one in generations:
            directory.forget(host.guests, one.guest)
        if asked.data:
            shutil.rmtree(volumes.directory_of(host.root, service), ignore_errors=True)
            for entry in host.vault.list(service.app, service.environment):
                host.vault.remove(service.app, service.environment, entry.name)
        host.records.forget(lease)
    kept = "" if asked.data else "; its volumes and secrets are kept"
    report(f"{service} is removed{kept}")


def pinned(host: Host) -> frozenset[str]:
    """`pinned(host)` is the digests that what is live, rising or kept needs of the store."""
    found: set[str] = set()
    for service in host.records.services():
        mine = host.records.generations(service)
        kept = {*(one.number for one in returnable(mine))}
        for one in mine:
            if one.stage not in OVER or one.number in kept:
                release = one.release
                found.update((release.manifest, *release.blobs))
                if release.signature is not None:
                    found.add(release.signature)
    return frozenset(found)


def _release(host: Host, service: Service, asked: Deployment) -> tuple[Release, Manifest]:
    manifest = host.blobs.path(asked.manifest)
    try:
        arrived = manifest.stat().st_mtime
    except OSError:
        arrived = host.clock()
    admitted = host.admission.starting(host.blobs, asked.manifest, asked.signature)
    made = admitted.manifest
    release = Release(
        manifest=asked.manifest,
        program=made.name,
        target=made.target,
        image="" if made.image is None else made.image.digest,
        signature=asked.signature,
        signer=None if admitted.signer is None else str(admitted.signer),
        blobs=tuple(sorted({blob.sha256 for blob in blobs_of(made)})),
        arguments=asked.arguments,
        ports=asked.ports,
        memory=asked.memory,
        cpus=asked.cpus,
        limits=asked.limits,
        health=asked.health,
        keep=asked.keep,
        secrets=_secrets_version(host, service),
        exclusive=volumes.exclusive(made),
        commit="" if made.source is None else made.source.commit,
        modified=made.source is not None and made.source.modified,
        arrived=arrived,
    )
    boot.check(host, service, release, made)
    return release, made


def _again(host: Host, service: Service, release: Release, allow: Allow) -> tuple[Release, Reserve]:
    """The release with the secrets of today. Raises `UserError` where the image is not whole."""
    reserve = allow(service, release, boot.admit(host, release).manifest)
    return replace(release, secrets=_secrets_version(host, service)), reserve


def _secrets_version(host: Host, service: Service) -> int:
    return host.vault.version(service.app, service.environment)


def _known(host: Host, asked: About) -> Service:
    service = service_of(asked.app, asked.environment)
    known = host.records.services()
    if service not in known:
        names = ", ".join(f"`{one}`" for one in known)
        raise UserError(
            f"this host has no `{asked.app}` in `{asked.environment}`",
            "--app",
            f"it has {names}" if names else "deploy it first, with `fata deploy`",
        )
    return service


@contextlib.contextmanager
def _changing(
    host: Host, service: Service, author: str, purpose: str, wait: float, report: Report
) -> Iterator[Lease]:
    """The block has the service for itself; what was left of an earlier change is settled."""
    deadline, told = Deadline(wait), False
    while isinstance(held := host.records.leases.take(service, author, purpose), Holder):
        if deadline.over:
            raise UserError(
                f"{service} is being changed by {held.owner} ({held.purpose})",
                str(service),
                "wait for it with `--wait 5m`, or see how far it is with `fata status`",
            )
        if not told:
            report(f"waiting for {held.owner} ({held.purpose})")
            told = True
        host.sleep(min(_POLL, deadline.left))
    try:
        repair.settle(host, held, report)
        yield held
    finally:
        host.passing("give-back")
        host.records.leases.give_back(held)


def _end(host: Host, guest: str) -> None:
    with contextlib.suppress(UserError):
        host.driver.stop(guest, STOP_SECONDS)
    host.driver.destroy(guest)
    host.secrets.remove(guest)


def _tidy(host: Host, lease: Lease) -> None:
    """Remove the directories of guests that are neither kept nor among the last that failed."""
    mine = host.records.generations(lease.service)
    kept = {one.number for one in returnable(mine)}
    failed = [one.number for one in mine if one.stage is Stage.FAILED][-_FAILED_KEPT:]
    running = {one.name for one in host.driver.list() if one.state is State.RUNNING}
    for one in mine:
        if one.stage in OVER and one.number not in (*kept, *failed) and one.guest not in running:
            with contextlib.suppress(UserError):
                directory.forget(host.guests, one.guest)

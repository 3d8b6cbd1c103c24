"""What a rollout is going to do, said before it begins."""

from __future__ import annotations

from collections.abc import Iterator

from fata.deploy.host import Host
from fata.deploy.records.records import Generation
from fata.deploy.release import Release
from fata.deploy.service import Service
from fata.settings import Health, Kind


def plan(host: Host, service: Service, release: Release, live: Generation | None) -> Iterator[str]:
    """`plan(host, service, release, live)` is the steps, one line each, with what they risk."""
    numbers = [one.number for one in host.records.generations(service)]
    guest = service.guest(max(numbers, default=0) + 1)
    signed = f", signed by {release.signer}" if release.signer else ", not signed"
    yield f"image {release.image.removeprefix('sha256:')[:12]}{signed}"
    if live is not None and release.exclusive:
        yield f"stop {live.guest}: it owns a volume, so the service is away until {guest} serves"
        yield f"start {guest}"
    elif live is not None:
        yield f"start {guest} beside {live.guest}, which goes on serving"
    else:
        yield f"start {guest}"
    yield _asked(release.health)
    ports = ", ".join(str(port) for port in release.ports)
    yield f"lead {ports} to {guest}" if ports else f"{guest} is live; no ports lead to it"
    if live is not None:
        drain = f"after {live.release.health.drain:g} s at most for what is open, "
        yield f"{'' if release.exclusive else drain}keep {live.guest} to return to"


def _asked(health: Health) -> str:
    times = f"{health.successes} times in a row, within {health.deadline:g} s"
    if health.kind is Kind.HTTP:
        text = f" and `{health.text}`" if health.text else ""
        return f"ask port {health.port} for {health.path}: {health.status}{text}, {times}"
    if health.kind is Kind.TCP:
        return f"connect to port {health.port}, {times}"
    if health.text:
        return f"read `{health.text}` on its console, within {health.deadline:g} s"
    return f"see that it runs, {times}"

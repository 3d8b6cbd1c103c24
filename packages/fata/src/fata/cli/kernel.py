"""`fata kernel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from fata.cli.show import size
from fata.devices.target import GUESTS, TARGET, VIRTIO, XEN
from fata.kernel import Kernel, cached_kernels, debian, store, tiny
from fata.kernel.fragments import PROFILES, merged, profile_for
from functoria.cli.settings import Settings, common


@dataclass(frozen=True, slots=True)
class Row:
    """`Row` is a kernel of the cache in a table; `size` is in bytes, `note` tells of damage."""

    provider: str
    profile: str
    key: str
    version: str
    package: str
    size: int
    machines: str
    digest: str
    note: str


def list_rows() -> tuple[Row, ...]:
    """The kernels in the cache, damaged ones with a note, sorted by provider and version."""
    return tuple(sorted((_row(found) for found in cached_kernels()), key=_order))


def fetch(report: Callable[[str], None]) -> Kernel:
    """The distribution's kernel as apt offers it now, fetched if it is newer than ours."""
    return debian.fetch(report)


def build(profile: str, report: Callable[[str], None]) -> Kernel:
    """The kernel of a profile from the newest source, built if it is not in the cache."""
    return tiny.build(profile, report)


def config(profile: str) -> str:
    """The lines that our fragments ask for in a profile."""
    return merged(profile)


def clean() -> int:
    """Remove every kernel of the cache; how many there were."""
    found = store.entries(store.cache_directory())
    for entry in found:
        store.discard(entry)
    return len(found)


def _row(found: Kernel | store.DamagedEntryError) -> Row:
    if isinstance(found, store.DamagedEntryError):
        provider = found.path.name.partition("-")[0]
        return Row(provider, "", "", "", "", 0, "", "", str(found))
    return Row(
        provider=found.provider,
        profile=found.profile,
        key=found.key,
        version=found.version,
        package=f"{found.package} {found.package_version}",
        size=found.image.stat().st_size,
        machines=", ".join(machine.name for machine in found.machines) or XEN,
        digest=found.image_digest,
        note="",
    )


def _order(row: Row) -> tuple[str, ...]:
    return row.provider, row.profile, row.version, row.key, row.note


_profile = click.option(
    "--profile",
    type=click.Choice(sorted(PROFILES)),
    help="What the kernel is to drive; otherwise what the project here needs, or "
    f"{profile_for(())} where there is none.",
)


def _wanted(settings: Settings, profile: str | None) -> str:
    """The profile that was asked for, or that of the project here as a VM of its target."""
    if profile is not None:
        return profile
    if not settings.config.is_file():
        return profile_for(())
    from fata.build.given import profile as needed
    from fata.cli.project import saved_project

    project = saved_project(settings)
    if project.target not in GUESTS:
        project = saved_project(settings, {TARGET.option: VIRTIO})
    return needed(project)


@click.group("kernel")
def command() -> None:
    """Build, list and inspect the kernels that guests run on."""


@command.command("list")
@common
def _list() -> None:
    """List the kernels in the cache."""
    rows = list_rows()
    for row in rows:
        text = (
            f"{row.provider:<8}{row.profile:<14}{row.key[:8]:<10}{row.version:<28}{size(row.size):>9}"
            f"  {row.machines}"
        )
        click.echo(f"{row.provider:<8}{row.note}" if row.note else text)
    if not rows:
        click.echo("none yet: `fata kernel build`, or the first `fata build`, gets one", err=True)


@command.command("build")
@common
@_profile
@click.pass_obj
def _build(settings: Settings, profile: str | None) -> None:
    """Build the tiny kernel, if it is not in the cache already."""
    wanted = _wanted(settings, profile)
    kernel = build(wanted, settings.report)
    settings.report(
        f"kernel `{kernel.provider}` {kernel.version}, profile `{wanted}`, is in the cache"
    )
    click.echo(kernel.image)


@command.command("fetch")
@common
@click.pass_obj
def _fetch(settings: Settings) -> None:
    """Fetch the distribution's kernel through apt."""
    kernel = fetch(settings.report)
    click.echo(kernel.image)


@command.command("config")
@common
@_profile
@click.pass_obj
def _config(settings: Settings, profile: str | None) -> None:
    """Print what the fragments of a profile ask for."""
    click.echo(config(_wanted(settings, profile)), nl=False)


@command.command("clean")
@common
@click.pass_obj
def _clean(settings: Settings) -> None:
    """Remove every kernel from the cache."""
    settings.report(f"{clean()} kernels removed")

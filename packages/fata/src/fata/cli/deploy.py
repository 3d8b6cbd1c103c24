"""`fata deploy`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fata.cli.place import place_of, placed
from fata.cli.service import waiting
from fata.cli.show import size
from fata.image.manifest import FILE_NAME, Manifest
from functoria.cli.settings import Settings, common
from functoria.error import UserError

if TYPE_CHECKING:
    from fata.deploy.client import Remote

_TOLD_SECONDS = 2.0


@click.command("deploy")
@common
@placed
@waiting
@click.option(
    "--dry-run", is_flag=True, help="Show what would be done on the host, and do nothing."
)
@click.option("--no-build", is_flag=True, help="Deploy what lies in dist/ as it is.")
@click.option("--no-sign", is_flag=True, help="Do not sign, though there is a key.")
@click.pass_obj
def command(
    settings: Settings,
    app: str | None,
    environment: str,
    to: str | None,
    wait: float,
    dry_run: bool,
    no_build: bool,
    no_sign: bool,
) -> None:
    """Build here, ship what the host lacks, start it there, and switch once it is healthy.

    The release before goes on serving until then, and is kept to return to. If anything fails, it
    goes on serving.
    """
    from fata.arguments import check_settings
    from fata.cli.project import saved_project
    from fata.deploy.client import Remote
    from fata.settings import load

    began = time.monotonic()
    project = saved_project(settings)
    place = place_of(settings, app, environment, to)
    asked = load(project.directory).environment(environment)
    output = project.output
    made = _existing(output) if no_build else _built(settings)
    check_settings(made, asked, project.directory)
    signature = None if no_sign else _signature(settings, project.directory, output)
    built = time.monotonic() - began
    from fata.deploy.agent.deployment import request_of

    with Remote(place.host, settings.report) as remote:
        digest, signed = _shipped(settings, remote, output, signature)
        shipped = time.monotonic() - began - built
        request = request_of(place.app, asked, digest, signed, wait, dry_run=dry_run)
        answer = remote.call("deploy", request)
    if dry_run:
        settings.report("nothing was changed; the image is on the host")
        return
    took = time.monotonic() - began
    parts = f"{built:.1f} s here, {shipped:.1f} s to ship, {took - built - shipped:.1f} s there"
    settings.report(f"{made.name} is live on {place.host.name} after {took:.1f} s: {parts}")
    click.echo(answer.get("guest", ""))


def _existing(output: Path) -> Manifest:
    from fata.run import check

    return _vm(check(output), output)


def _built(settings: Settings) -> Manifest:
    from fata.build.build import planned
    from fata.cli.build import summary
    from fata.cli.project import configured
    from functoria.cli.plans import carry_out

    project = configured(settings)
    build = planned(project, settings.report)
    carry_out(build.plan, settings)
    for text in summary(build.manifest):
        settings.report(text)
    return _vm(build.manifest, project.output)


def _vm(made: Manifest, output: Path) -> Manifest:
    if made.image is None:
        raise UserError(
            f"`{made.name}` is configured to run as a process, and hosts run VMs",
            str(output),
            "configure it with `-t virtio` for a QEMU host, or `-t xen`, then deploy again",
        )
    return made


def _signature(settings: Settings, project: Path, output: Path) -> bytes | None:
    """The signature by the user's own key; a host that asks for none takes an image without."""
    from fata.deploy.signing import sign
    from fata.deploy.signing_key import signing_key

    try:
        key = signing_key(None, project, Path.home())
    except UserError as error:
        settings.note(f"the image is not signed: {error.what}")
        return None
    return sign((output / FILE_NAME).read_bytes(), key)


def _shipped(
    settings: Settings, remote: Remote, output: Path, signature: bytes | None
) -> tuple[str, str | None]:
    from fata.deploy.store.send import sources

    manifest = (output / FILE_NAME).read_bytes()
    told = [time.monotonic()]

    def progress(sent: int, total: int) -> None:
        now = time.monotonic()
        if sent == total or now - told[0] > _TOLD_SECONDS:
            told[0] = now
            settings.report(f"shipped {size(sent)} of {size(total)}")

    done = remote.send(manifest, signature, sources(manifest, output), progress)
    return done.manifest, done.signature

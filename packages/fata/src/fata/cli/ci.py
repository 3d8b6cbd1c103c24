"""`fata ci`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fata.cli.project import saved_project
from fata.tool import PROVIDERS
from functoria.cli.plans import carry_out, dry_run_option
from functoria.cli.settings import Settings, common


@click.group("ci")
def command() -> None:
    """Test, build and deploy every commit: the same pipeline here and at a provider.

    What it does is said in fata.toml.
    """


@command.command("init")
@common
@dry_run_option
@click.argument("provider", type=click.Choice(PROVIDERS), metavar="PROVIDER")
@click.pass_obj
def _init(settings: Settings, provider: str, dry_run: bool) -> None:
    """Write the pipeline in the language of github, gitlab, forgejo, gitea or travis.

    Run it again after each change of fata.toml, and after each update of fata.
    """
    from fata.ci.plan import derived, plan
    from fata.ci.render import PROVIDERS as RENDERED
    from fata.settings import load

    project = saved_project(settings)
    made = derived(load(project.directory), project.directory, project.target)
    carry_out(plan(provider, made, project.directory), settings, dry_run=dry_run)
    if not dry_run and any(job.environment for job in made.jobs):
        settings.report(RENDERED[provider].next_step)


@command.command("run")
@common
@click.option(
    "--stage", "stages", multiple=True, metavar="NAME", help="Only these; may be repeated."
)
@click.option("--keep", is_flag=True, help="Leave the checkout, to look at it.")
@click.option("--list", "listed", is_flag=True, help="Say what the stages are, and run none.")
@click.pass_obj
def _run(settings: Settings, stages: tuple[str, ...], keep: bool, listed: bool) -> int:
    """Run the pipeline on the last commit, in a clean checkout.

    It ends with the exit code of the first command that failed. What deploys is run only if its
    stage is named.
    """
    from fata.ci.checkout import repository
    from fata.ci.plan import derived
    from fata.ci.run import chosen, run
    from fata.settings import load

    project = saved_project(settings)
    made = derived(load(project.directory), project.directory, project.target)
    wanted = chosen(made, stages)
    if listed:
        for stage in made.stages:
            click.echo(f"{stage.name:<24}{stage.doc}")
        return 0
    source = repository(project.directory)
    failed = run(made, wanted, source, os.environ, settings.report, keep=keep)
    if failed is None:
        settings.report("every stage passed")
        return 0
    settings.report(f"`{failed.command}` ended with {failed.code}")
    return failed.code


@command.command("verify")
@common
@click.option("-t", "--target", metavar="TARGET", help="Otherwise what is configured.")
@click.pass_obj
def _verify(settings: Settings, target: str | None) -> None:
    """Build twice, in different places, and fail if the results differ.

    What differs is the path, the home, the time, the zone, the locale, the umask, the age of
    files, and the seed of Python's hashes.
    """
    from fata.ci.verify import verify

    project = saved_project(settings, None if target is None else {"target": target})
    verify(project.directory, project.target, os.environ, settings.report)
    settings.report(f"two builds for {project.target} are the same")


@command.command("digests")
@common
@click.pass_obj
def _digests(settings: Settings) -> None:
    """Print what is built, a line per file, for `sha256sum --check`."""
    from fata.ci.digests import digests

    for line in digests(Path(settings.config).parent):
        click.echo(line)


@command.command("deploy")
@common
@click.option("--environment", "name", default="production", show_default=True, metavar="NAME")
@click.pass_obj
def _deploy(settings: Settings, name: str) -> int:
    """Deploy from a provider's machine, to the host that fata.toml names.

    The private key is in the variable FATA_DEPLOY_KEY, the keys of hosts in FATA_KNOWN_HOSTS.
    """
    from fata.ci.deploy import deploy
    from fata.settings import load

    directory = Path(settings.config).parent
    return deploy(load(directory).environment(name), directory, os.environ)

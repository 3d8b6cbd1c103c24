"""What workflows of GitHub, Forgejo and Gitea have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fata.ci.model import MINUTES, Job, Kind, Pipeline, Stage
from fata.ci.pins import IMAGE
from fata.ci.render.script import lines
from fata.ci.yaml import Noted, Value

Checkout = Callable[[], tuple[Mapping[str, Value], ...]]


def expression(text: str) -> str:
    """`expression(text)` is an expression, which the provider replaces by its value."""
    return f"${{{{ {text} }}}}"


def literal(text: str) -> str:
    """`literal(text)` is text in which the provider finds no expression."""
    return text.replace("${{", expression("'${{'"))


def workflow(pipeline: Pipeline, jobs: Mapping[str, Value]) -> dict[str, Value]:
    """`workflow(pipeline, jobs)` is the file: for pushes and pull requests, one run per branch.

    A run for a pull request ends when a newer one begins; one for a branch is never interrupted.
    """
    run: dict[str, Value] = {"shell": "sh"}
    if pipeline.directory != ".":
        run["working-directory"] = literal(pipeline.directory)
    return {
        "name": "fata",
        "on": {"push": {"branches": ["**"]}, "pull_request": {}},
        "permissions": {},
        "concurrency": {
            "group": f"{expression('github.workflow')}-{expression('github.ref')}",
            "cancel-in-progress": expression("github.event_name == 'pull_request'"),
        },
        "defaults": {"run": run},
        "jobs": jobs,
    }


def job_head(job: Job, machine: str) -> dict[str, Value]:
    """`job_head(job, machine)` is all of a job but its steps."""
    head: dict[str, Value] = {}
    if job.needs:
        head["needs"] = list(job.needs)
    head["if"] = expression(_condition(job))
    head["runs-on"] = machine
    head["timeout-minutes"] = MINUTES
    head["permissions"] = {"contents": "read"}
    if job.environment is not None:
        head["environment"] = job.environment
        head["concurrency"] = {"group": job.name, "cancel-in-progress": False}
    head["container"] = {"image": Noted(str(IMAGE), IMAGE.label)}
    return head


def _condition(job: Job) -> str:
    """Once per commit: a pull request of the repository's own was run as a push."""
    if job.branch is None:
        other = "github.event.pull_request.head.repo.full_name != github.repository"
        return f"github.event_name == 'push' || {other}"
    return (
        f"github.event_name == 'push' && github.ref == 'refs/heads/{job.branch}'"
        " && !github.event.repository.fork"
    )


def steps(job: Job, checkout: Checkout) -> list[Mapping[str, Value]]:
    """`steps(job, checkout)` is its stages that have commands, each as a step."""
    found: list[Mapping[str, Value]] = []
    for stage in job.stages:
        if stage.kind is Kind.CHECKOUT:
            found += checkout()
        else:
            found.append(_step(job, stage))
    return found


def _step(job: Job, stage: Stage) -> Mapping[str, Value]:
    step: dict[str, Value] = {"name": stage.name}
    if stage.kind is Kind.DEPLOY:
        step["env"] = {
            **{name: expression(f"secrets.{name}") for name in job.secrets},
            **{name: expression(f"vars.{name}") for name in job.variables},
        }
    step["run"] = "".join(f"{literal(line)}\n" for line in lines(stage))
    return step

"""What the pipeline of a project is."""

from __future__ import annotations

import pytest

from fata.ci.model import Kind
from fata.ci.run import chosen
from functoria.error import UsageError

from .pipelines import WEBSITE, of


def test_stages_of_a_website() -> None:
    assert [stage.name for stage in WEBSITE.stages] == [
        "checkout",
        "set-up",
        "test",
        "build-virtio",
        "verify-virtio",
        "publish-virtio",
        "build-xen",
        "verify-xen",
        "publish-xen",
        "deploy-production",
        "deploy-staging",
    ]


def test_a_job_needs_those_before_it() -> None:
    assert {job.name: job.needs for job in WEBSITE.jobs} == {
        "test": (),
        "build-virtio": ("test",),
        "build-xen": ("test",),
        "deploy-production": ("test", "build-virtio", "build-xen"),
        "deploy-staging": ("test", "build-virtio", "build-xen"),
    }


def test_an_environment_is_deployed_from_its_branch_only() -> None:
    branches = {job.environment: job.branch for job in WEBSITE.jobs if job.environment}
    assert branches == {"production": "main", "staging": "next"}


def test_a_project_that_says_nothing_is_built_as_it_is_configured() -> None:
    assert [stage.name for stage in of("").stages] == [
        "checkout",
        "set-up",
        "build-virtio",
        "verify-virtio",
        "publish-virtio",
    ]
    unix = of('[environments.production]\nhost = "box"', target="unix")
    assert [stage.name for stage in unix.stages][2:] == ["build-unix", "publish-unix"]


def test_reproducibility_may_be_left_out() -> None:
    kinds = {stage.kind for stage in of("[pipeline]\nreproducible = false").stages}
    assert Kind.VERIFY not in kinds


def test_fata_is_installed_from_a_lock_if_there_is_one() -> None:
    (set_up,) = (stage for stage in of("", locked=True).stages if stage.kind is Kind.SET_UP)
    assert set_up.fresh[-1].words[4:] == ("--require-hashes", "-r", "requirements-ci.txt")


@pytest.mark.parametrize(
    ("names", "stages"),
    [
        (("test",), ["checkout", "set-up", "test"]),
        (("build",), ["checkout", "set-up", "build-virtio", "build-xen"]),
        (("publish-xen",), ["checkout", "set-up", "build-xen", "publish-xen"]),
        (("deploy-staging",), ["checkout", "set-up", "deploy-staging"]),
        (("checkout",), ["checkout", "set-up"]),
    ],
)
def test_stages_by_name(names: tuple[str, ...], stages: list[str]) -> None:
    assert [stage.name for stage in chosen(WEBSITE, names)] == stages


def test_without_names_nothing_is_deployed() -> None:
    assert Kind.DEPLOY not in {stage.kind for stage in chosen(WEBSITE, ())}


def test_a_stage_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="did you mean `build-virtio`"):
        chosen(WEBSITE, ("build-virtoi",))

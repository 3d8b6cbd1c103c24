"""Faults that deployment from CI had elsewhere, each by its name; none of them can come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fata.ci.deploy import deploy, key_text, known_hosts_text
from fata.ci.model import DEPLOY_KEY, KNOWN_HOSTS
from fata.ci.pins import CHECKOUT, IMAGE, UPLOAD
from fata.ci.render import PROVIDERS, text
from fata.settings import parse
from functoria.error import UserError

from .pipelines import TOML, WEBSITE
from .reading import commands, jobs, read

ACTIONS = ("github", "forgejo", "gitea")
DEPLOYS = ("deploy-production", "deploy-staging")

every_provider = pytest.mark.parametrize("provider", PROVIDERS)


def test_b1_two_jobs_write_to_the_same_place() -> None:
    """Each job has a machine of its own, and what is kept of it bears its name."""
    kept = [
        step["with"]["name"]
        for job in jobs("github", WEBSITE).values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]
    assert kept == ["build-virtio", "build-xen"]


def test_b2_two_deployments_race() -> None:
    """One at a time for each environment, and none is cut off for a newer one."""
    for provider in ACTIONS:
        found = jobs(provider, WEBSITE)
        assert [found[name]["concurrency"] for name in DEPLOYS] == [
            {"group": name, "cancel-in-progress": False} for name in DEPLOYS
        ]
    found = jobs("gitlab", WEBSITE)
    assert [found[name]["resource_group"] for name in DEPLOYS] == list(DEPLOYS)
    assert not any(found[name]["interruptible"] for name in DEPLOYS)


@every_provider
def test_b2_runs_of_a_branch_are_not_cut_off(provider: str) -> None:
    if provider in ACTIONS:
        cancel = read(provider, WEBSITE)["concurrency"]["cancel-in-progress"]
        assert cancel == "${{ github.event_name == 'pull_request' }}"


@every_provider
def test_b3_shells_do_not_agree(provider: str) -> None:
    """There is nothing in a command that one shell reads otherwise than another."""
    for job in jobs(provider, WEBSITE).values():
        for words in commands(provider, job):
            assert not any(set("$`|;<>") & set(word) for word in words), words


@every_provider
def test_b4_git_is_too_old_for_its_configuration(provider: str) -> None:
    assert "git config" not in text(provider, WEBSITE)


def test_b5_forks_fail_for_lack_of_secrets() -> None:
    """They test and build, and do not try to deploy."""
    for provider in ACTIONS:
        for name, job in jobs(provider, WEBSITE).items():
            assert ("!github.event.repository.fork" in job["if"]) == (name in DEPLOYS)
            assert ("github.event_name == 'push' &&" in job["if"]) == (name in DEPLOYS)
    for name in DEPLOYS:
        (rule,) = jobs("gitlab", WEBSITE)[name]["rules"]
        assert '$CI_COMMIT_REF_PROTECTED == "true"' in rule["if"]
        assert rule["if"].endswith(f"&& ${KNOWN_HOSTS}")
    stages = read("travis", WEBSITE)["stages"]
    assert stages[2:] == [
        {"name": name, "if": f'type = push AND fork = false AND branch = "{branch}"'}
        for name, branch in zip(DEPLOYS, ("main", "next"), strict=True)
    ]


@every_provider
def test_b5_no_job_but_a_deployment_sees_a_secret(provider: str) -> None:
    for name, job in jobs(provider, WEBSITE).items():
        named = "secrets." in repr(job) or DEPLOY_KEY in repr(job)
        assert named == (name in DEPLOYS and provider != "gitlab")
    assert "pull_request_target" not in text(provider, WEBSITE)


def test_b5_only_the_step_that_deploys_sees_it() -> None:
    for provider in ACTIONS:
        for step in jobs(provider, WEBSITE)["deploy-production"]["steps"]:
            assert ("secrets." in repr(step)) == (step["name"] == "deploy-production")


@every_provider
def test_b7_names_disagree(provider: str) -> None:
    """What deploys is told an environment by the name that fata.toml has for it."""
    settings = parse(TOML.encode())
    for name in DEPLOYS:
        *_, last = commands(provider, jobs(provider, WEBSITE)[name])
        assert last[:4] == ("fata", "ci", "deploy", "--environment")
        assert settings.environment(last[4]).host == "root@box"


@every_provider
def test_b8_what_is_fetched_is_pinned(provider: str) -> None:
    rendered = text(provider, WEBSITE)
    for used in re.findall(r"uses: *(\S+)", rendered):
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", used), used
    images = re.findall(r"(?:image:|VALUE_0=/source) *\"?(\S+?)\"?(?:\s|$)", rendered)
    assert images
    assert set(images) == {str(IMAGE)}
    assert re.search(r"pip install fata==\d+\.\d+\.\d+", rendered)
    assert not re.search(r"curl|wget|\| *(ba)?sh\b|latest|master", rendered)


def test_b8_pins_are_digests() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", IMAGE.digest)
    for pin in (CHECKOUT, UPLOAD):
        assert re.fullmatch(r"[0-9a-f]{40}", pin.digest)


@pytest.mark.parametrize("provider", ACTIONS)
def test_b8_a_job_may_read_and_nothing_else(provider: str) -> None:
    assert read(provider, WEBSITE)["permissions"] == {}
    for job in jobs(provider, WEBSITE).values():
        assert job["permissions"] == {"contents": "read"}


@every_provider
def test_b8_host_keys_are_checked(provider: str) -> None:
    assert "StrictHostKeyChecking" not in text(provider, WEBSITE)
    assert "keyscan" not in text(provider, WEBSITE)


@pytest.mark.parametrize("variable", ["", "# box\n", "box"])
def test_b8_no_deployment_without_keys_of_hosts(variable: str) -> None:
    with pytest.raises(UserError, match=KNOWN_HOSTS):
        known_hosts_text(variable)


def test_b8_a_secret_that_is_no_key_is_not_shown() -> None:
    with pytest.raises(UserError) as caught:
        key_text("hunter2")
    assert "hunter2" not in str(caught.value)


def test_b8_no_deployment_by_a_provider_without_a_key(tmp_path: Path) -> None:
    environment = parse(TOML.encode()).environment()
    with pytest.raises(UserError, match=f"no {DEPLOY_KEY}"):
        deploy(environment, tmp_path, {"CI": "true", "PATH": "/usr/bin:/bin"})


@every_provider
def test_b10_kernels_are_committed(provider: str) -> None:
    for job in jobs(provider, WEBSITE).values():
        for words in commands(provider, job):
            assert words[:2] not in {("git", verb) for verb in ("add", "commit", "push")}

"""A project: where keys get their values from, and which there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.devices.target import TARGET
from fata.project import Project, load
from fata.targets.keys import KERNEL
from functoria import UsageError, UserError
from functoria.action import needed, run
from functoria.configure import plan

CONFIG = """\
from fata.dsl import BOOLEAN, asgi, http_server, if_impl, key, register

other = key("other", BOOLEAN, False, "serve elsewhere")
color = key("color", BOOLEAN, False, "of the other server")
server = if_impl(other, http_server(port=8081), http_server())
register("web", asgi("web:application", server=server))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.py"
    path.write_text(CONFIG)
    return path


def test_the_command_line_wins_over_the_environment_over_what_was_saved(config: Path) -> None:
    run(plan(load(config, {"target": "virtio", "kernel": "tiny"}, {})))

    def values(options: dict[str, str], environment: dict[str, str]) -> tuple[str, str, str]:
        found = load(config, options, environment)
        context = found.context
        return context.get(TARGET), context.get(KERNEL), context.origin(KERNEL)

    assert values({}, {}) == ("virtio", "tiny", "saved context")
    assert values({}, {"FATA_KERNEL": "debian"}) == (
        "virtio",
        "debian",
        "environment (FATA_KERNEL)",
    )
    assert values({"kernel": "auto"}, {"FATA_KERNEL": "debian"})[1:] == ("auto", "command line")


def test_configuring_twice_changes_nothing(config: Path) -> None:
    project = load(config, {"target": "virtio"}, {})
    run(plan(project))
    assert needed(plan(project)) == ()
    assert needed(plan(load(config, {}, {}))) == ()


def options(project: Project) -> set[str]:
    return {key.option for key in project.keys}


def test_only_the_keys_of_the_branches_taken_are_there(config: Path) -> None:
    process = options(load(config, {}, {}))
    assert process == {"target", "python", "other", "port", "logs"}
    guest = options(load(config, {"target": "virtio"}, {}))
    assert {"kernel", "memory", "ipv4", "dns"} <= guest


def test_a_key_that_does_not_matter_is_refused(config: Path) -> None:
    with pytest.raises(UsageError, match="belongs to the branch `target=virtio or xen`, which"):
        load(config, {"kernel": "tiny"}, {})
    with pytest.raises(UsageError, match="there is no key `--kernal`"):
        load(config, {"kernal": "tiny"}, {})


def test_two_servers_without_groups_are_told_to_have_them(config: Path) -> None:
    config.write_text(
        "from fata.dsl import *\n"
        'job = main("web:start", HTTP >> HTTP >> JOB)\n'
        "stack = socket_stack()\n"
        'register("web", job(http_server(stack), http_server(stack)))\n'
    )
    with pytest.raises(UserError, match="two keys are named `port`") as caught:
        load(config, {}, {})
    assert 'group="front"' in caught.value.do
    text = config.read_text().replace("http_server(stack))", 'http_server(stack, group="back"))')
    config.write_text(text)
    assert {"port", "back-port"} <= options(load(config, {}, {}))

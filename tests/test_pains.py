"""What users of unikernels have complained of for years, at boot and at run: one test each."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject, Project

pytestmark = pytest.mark.e2e

GREETER = """\
from fata.dsl import STRING, argument, choice, key, main, register

language = key("language", choice("en", "fr"), "en", "the language of the greeting")
name = argument("name", STRING, "world", "whom to greet")
register("greeter", main("greeter:start", language=language, name=name))
"""
GREETING = """\
async def start(language, name):
    print("said", {"en": "hello", "fr": "bonjour"}[language], ascii(name))
"""


def greeter(project: Project) -> Project:
    project.write("config.py", GREETER)
    project.write("greeter.py", GREETING)
    return project


def test_pain_2_a_run_without_a_build_says_what_to_do(project: MakeProject) -> None:
    made = greeter(project())
    for command in ("build", "run"):
        result = made.fata(command)
        assert result.code == 1
        assert "do: run `fata configure`" in result.err or "do: run `fata build`" in result.err


def test_pain_3_a_key_keeps_its_value_from_configure_to_boot(project: MakeProject) -> None:
    made = greeter(project()).built("--language", "fr")
    assert "said bonjour 'world'" in made.ok("run").out


def test_pain_4_boot_argument_at_configure_time_and_key_at_boot(project: MakeProject) -> None:
    made = greeter(project())
    early = made.fata("configure", "--name", "you")
    assert early.code == 2
    assert "`--name` is an argument of the program, given when it boots" in early.err
    assert "`fata run -- --name=" in early.err
    made.built()
    late = made.fata("run", "--", "--language", "fr")
    assert late.code == 64
    assert "`--language` is chosen when the program is configured" in late.err
    assert "do: run `fata configure --language fr`, then `fata build`" in late.err
    assert late.out == ""


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_pain_5_errors_name_the_users_file(project: MakeProject, target: str) -> None:
    made = greeter(project())
    made.write("greeter.py", GREETING + "    raise ValueError(name)\n")
    result = made.built("-t", target).fata("run", "--", "--name=you")
    assert result.code == 70
    shown = result.out + result.err
    traceback = shown[shown.index("Traceback") :].partition("ValueError")[0]
    files = [line.split('"')[1] for line in traceback.splitlines() if "File " in line]
    assert [name.rpartition("/")[2] for name in files] == ["config.py", "greeter.py"]
    assert 'File "config.py", line 5, in greeter' in traceback
    assert "uncaught ValueError: you, at greeter.py:3" in result.err


def test_pain_6_what_to_do_next_is_said_and_is_not_in_the_output(project: MakeProject) -> None:
    made = greeter(project())
    configured = made.ok("configure", "-t", "virtio")
    built = made.ok("build")
    assert "run `fata build`" in configured.err
    assert "run `fata run`" in built.err
    assert configured.out == ""
    assert built.out == f"{made.output}\n"


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_pain_13_arguments_with_spaces_and_quotes(project: MakeProject, target: str) -> None:
    made = greeter(project()).built("-t", target)
    for value in (
        "two  words",
        'it\'s "quoted"',
        "-- --name=x",
        "100% \\n",
        "caf\u00e9 \u2603",
        "",
    ):
        for words in ([f"--name={value}"], ["--name", value]):
            if len(words) > 1 and value.startswith("--"):
                continue  # only behind an equals sign may a value look like an argument
            assert f"said hello {value!a}" in made.ok("run", "--", *words).out


def test_pain_15_what_runs_is_what_was_built_or_it_is_said(project: MakeProject) -> None:
    made = greeter(project()).built()
    made.write("greeter.py", GREETING + "    print('more')\n")
    result = made.ok("run")
    assert "built from other sources (`greeter.py` changed): run `fata build`" in result.err
    assert "more" not in result.out
